/**
 * A stand-in for the original system: a home with its files, and a oneshot that a timer starts again and again, which takes
 * up intents at its own pace, writes down each one that it did, and removes it.
 *
 * `divided`: told by a drop-in, it leaves intents alone and does the rest (it counts its runs, and takes its time).
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { SeedFile } from "../sandbox/seed.ts";

export const OLD_HOME = "/home/kloros/.kloros";
export const OLD_SOURCE = "/home/kloros/src";
const UNITS = "/etc/systemd/system";
const DID = `${OLD_HOME}/old_processed.log`;
const RUNS = `${OLD_HOME}/old_runs.log`;

/** Slow on purpose: a hand-over always finds it at work. */
const ONESHOT = `#!/bin/sh
echo run >>${RUNS}
test "$KLR_LEAVE_INTENTS" = 1 && sleep 5 && exit 0
for file in $(ls ${OLD_HOME}/intents/*.json 2>/dev/null | head -10); do
  sleep 0.15
  basename "$file" .json >>${DID}
  rm -f "$file"
done
exit 0
`;

export function oldFiles(settings: string): readonly SeedFile[] {
  return [
    { path: "/etc/sysusers.d/old.conf", text: "u kloros - - /home/kloros\n" },
    { path: "/opt/old/oneshot", text: ONESHOT, mode: 0o755 },
    {
      path: `${UNITS}/kloros-orchestrator.service`,
      text: "[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=oneshot\nUser=kloros\nExecStart=/opt/old/oneshot\n",
      mode: 0o664,
    },
    {
      path: `${UNITS}/kloros-orchestrator.timer`,
      text: "[Timer]\nOnActiveSec=100ms\nOnUnitInactiveSec=300ms\nAccuracySec=50ms\n[Install]\nWantedBy=timers.target\n",
    },
    {
      path: `${UNITS}/kloros-orchestrator.service.d/10-environment.conf`,
      text: "[Service]\nEnvironment=PYTHONPATH=/home/kloros\n",
      mode: 0o600,
    },
    { path: `${OLD_SOURCE}/kloros/orchestration/run_once.py`, text: "print('tick')\n" },
    { path: `${OLD_SOURCE}/kloros/orchestration/coordinator.py`, text: "def tick(): pass\n", mode: 0o755 },
    { path: `${OLD_SOURCE}/registry/capabilities.yaml`, text: "# by hand\nconfig:\n  module: config\n" },
    { path: `${OLD_HOME}/curiosity_investigations.jsonl`, text: "" },
    { path: `${OLD_HOME}/intents/.keep`, text: "" },
    { path: `${OLD_HOME}/dream_lab/promotions/.keep`, text: "" },
    { path: "/etc/kloros/kloros.toml", text: settings },
  ];
}

const MANUAL = resolve(import.meta.dirname, "../../../docs/operating/migration.md");

/** How a divided old side is told, for kloros.toml: the operator's page, as it stands. */
export function dividedAsDocumented(): string {
  const block = /^```toml\n(\[migrate\.intents\][^]*?)^```/m.exec(readFileSync(MANUAL, "utf8"))?.[1];
  if (block === undefined) throw new Error(`${MANUAL} does not say any more how an old side is divided`);
  return block;
}

/** Writes intents into the sandbox at a steady pace, as the old writers do, until it is stopped. */
export class IntentStream {
  readonly written: string[] = [];
  readonly #directory: string;
  readonly #timer: ReturnType<typeof setInterval>;

  /** `root`: where the host finds the sandbox's root. */
  constructor(root: string, everyMs: number) {
    this.#directory = join(root, OLD_HOME, "intents");
    mkdirSync(this.#directory, { recursive: true });
    this.#timer = setInterval(() => this.#write(), everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #write(): void {
    const id = `q${String(this.written.length).padStart(5, "0")}`;
    const intent = { type: "curiosity_explore", id, question: `What is ${id}?`, data: { priority: 5 } };
    const temporary = join(this.#directory, `${id}.tmp`);
    writeFileSync(temporary, JSON.stringify(intent));
    chmodSync(temporary, 0o644);
    renameSync(temporary, join(this.#directory, `${id}.json`));
    this.written.push(id);
  }
}

/** What the old side did, one id a line. */
export function oldDid(root: string): readonly string[] {
  return linesOf(join(root, DID));
}

export function oldRuns(root: string): number {
  return linesOf(join(root, RUNS)).length;
}

/** What ours investigated, one id a record. */
export function oursDid(root: string): readonly string[] {
  return linesOf(join(root, OLD_HOME, "curiosity_investigations.jsonl")).map(
    (line) => (JSON.parse(line) as { readonly question_id: string }).question_id,
  );
}

function linesOf(path: string): readonly string[] {
  try {
    const text = readFileSync(path, "utf8");
    // A last line may be in the middle of being written.
    return text
      .slice(0, text.lastIndexOf("\n") + 1)
      .split("\n")
      .filter((line) => line !== "");
  } catch {
    return [];
  }
}
