/**
 * Updates that are committed but not yet in `semantic_evidence.json`. They are on disk before the completion is
 * acknowledged, so that a crash before the next write of the view loses none. Writing an update twice does no harm.
 *
 * One file a generation: new updates go into the current one while the view is written; those before it are deleted when
 * the view is in place.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { readEntry, recordOf, type EvidenceUpdate } from "./evidence.ts";

const NAME = /^semantic-evidence\.(\d+)\.jsonl$/;

export class PendingUpdates {
  readonly #directory: string;
  #generation: number;
  #fd: number | undefined;

  constructor(stateDirectory: string) {
    this.#directory = stateDirectory;
    mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
    this.#generation = Math.max(0, ...this.#generations()) + 1;
  }

  /** What an earlier process left, oldest first. Half a line is from a crash before its acknowledgement: skipped. */
  read(): EvidenceUpdate[] {
    return this.#generations().flatMap((n) => {
      const lines = readFileSync(this.#path(n), "utf8").split("\n");
      return lines.map(readUpdate).filter((update) => update !== null);
    });
  }

  /** On disk when it returns. */
  add(update: EvidenceUpdate): void {
    this.#fd ??= openSync(this.#path(this.#generation), "a", 0o600);
    const bytes = Buffer.from(`${JSON.stringify(update)}\n`);
    for (let done = 0; done < bytes.length;) done += writeSync(this.#fd, bytes, done, bytes.length - done);
    fsyncSync(this.#fd);
  }

  /** Starts a new generation; returns what deletes all before it. */
  turn(): () => void {
    this.close();
    const end = this.#generation;
    this.#generation += 1;
    return () => {
      for (const n of this.#generations()) if (n <= end) rmSync(this.#path(n), { force: true });
    };
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #generations(): number[] {
    const numbers = readdirSync(this.#directory).map((name) => Number(NAME.exec(name)?.[1] ?? Number.NaN));
    return numbers.filter((n) => Number.isSafeInteger(n)).toSorted((a, b) => a - b);
  }

  #path(generation: number): string {
    return join(this.#directory, `semantic-evidence.${generation}.jsonl`);
  }
}

function readUpdate(line: string): EvidenceUpdate | null {
  try {
    const update = recordOf(JSON.parse(line));
    const entry = readEntry(update["entry"]);
    const { module } = update;
    return typeof module === "string" && entry !== null ? { module, entry } : null;
  } catch {
    return null;
  }
}
