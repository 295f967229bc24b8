/** Questions without end, as files in an installation's intents directory: the load of a busy machine, each with a number of its own. */
import { chmodSync, chownSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export class IntentWriter {
  readonly #directory: string;
  readonly #timer: ReturnType<typeof setInterval>;
  #written = 0;

  /** `directory`: as this process reaches it. One file every `intervalMs`, owned by whoever owns the directory. */
  constructor(directory: string, { intervalMs }: { readonly intervalMs: number }) {
    this.#directory = directory;
    this.#timer = setInterval(() => this.#write(), intervalMs);
  }

  /** Ids of all that were written. */
  stop(): readonly string[] {
    clearInterval(this.#timer);
    return Array.from({ length: this.#written }, (_, index) => idOf(index));
  }

  get written(): number {
    return this.#written;
  }

  #write(): void {
    const id = idOf(this.#written);
    const intent = {
      intent_type: "curiosity_investigate",
      data: { question_id: id, question: `What is ${id}?` },
    };
    const path = join(this.#directory, `${id}.json`);
    writeFileSync(`${path}.tmp`, JSON.stringify(intent));
    const { uid, gid } = statSync(this.#directory);
    chownSync(`${path}.tmp`, uid, gid);
    chmodSync(`${path}.tmp`, 0o600);
    renameSync(`${path}.tmp`, path);
    this.#written += 1;
  }
}

function idOf(index: number): string {
  return `load.q${String(index)}`;
}
