/** The load: questions about modules, each with evidence of its own, as intent files at a steady pace. */
import { chmodSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Questions {
  /** As this process reaches it. */
  readonly directory: string;
  /** Names of modules below the source root; asked about in turn. */
  readonly modules: readonly string[];
  /** The source root as the machine has it. */
  readonly source: string;
  readonly intervalMs: number;
}

/** Begins at once. Returns what ends it. */
export function writeQuestions({ directory, modules, source, intervalMs }: Questions): () => void {
  let written = 0;
  const timer = setInterval(() => {
    const [stem, name] = [`load-${String(written)}`, modules[written % modules.length] ?? ""];
    const evidence = [`path:${source}/${name}`, `asked:${String(written)}`];
    const data = {
      question: `What does ${name} do?`,
      question_id: `discover.module.${name}`,
      evidence,
      priority: "normal",
    };
    const path = join(directory, `${stem}.json`);
    writeFileSync(`${path}.tmp`, JSON.stringify({ type: "discover.module", data }));
    chmodSync(`${path}.tmp`, 0o644);
    renameSync(`${path}.tmp`, path);
    written += 1;
  }, intervalMs);
  return () => {
    clearInterval(timer);
  };
}
