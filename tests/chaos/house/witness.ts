/** The witness: starts its process, and compares what it wrote down with what the journal holds. */
import { Database } from "bun:sqlite";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@kloros/bus-client/testing";
import type { Installation } from "@kloros/daemon";

const PROGRAM = join(import.meta.dirname, "witness_process.ts");
const END_LIMIT_MS = 60_000;
/** A UUID and a line break. */
const LINE_BYTES = 37;

export interface Testimony {
  /** Ids that the bus said are on disk. */
  readonly acknowledged: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
}

export class Witness {
  /** Not on the disk that is filled or damaged. */
  readonly #directory = mkdtempSync(join(tmpdir(), "kloros-witness-"));
  readonly #file = join(this.#directory, "acknowledged");
  readonly #child: Bun.Subprocess<"ignore", "ignore", "pipe">;
  readonly #complaints: Promise<string>;

  /** `pauseMs`: between calls of four signals each. */
  constructor(
    paths: Installation,
    { pauseMs, run = "0" }: { readonly pauseMs: number; readonly run?: string },
  ) {
    this.#child = Bun.spawn(
      [process.execPath, PROGRAM, paths.busEndpoint, this.#file, String(pauseMs), run],
      {
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    this.#complaints = this.#child.stderr.text();
  }

  get acknowledged(): number {
    return Math.floor((statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0) / LINE_BYTES);
  }

  /** Waits until so many more are acknowledged. */
  async hears(more: number, limitMs = 30_000): Promise<void> {
    const before = this.acknowledged;
    await until(`${String(more)} more acknowledgements`, () => this.acknowledged >= before + more, {
      limitMs,
    });
  }

  /** Lets it finish what is under way; throws when it fell over itself. The bus has to run. */
  async finish(): Promise<void> {
    this.#child.kill("SIGTERM");
    const late = setTimeout(() => {
      this.#child.kill("SIGKILL");
    }, END_LIMIT_MS);
    const code = await this.#child.exited;
    clearTimeout(late);
    if (code !== 0) throw new Error(`the witness ended with ${String(code)}: ${await this.#complaints}`);
  }

  compare(journal: string): Testimony {
    return testify(this.#ids(), journal);
  }

  async remove(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #ids(): readonly string[] {
    try {
      return readFileSync(this.#file, "utf8")
        .split("\n")
        .filter((line) => line !== "");
    } catch {
      return [];
    }
  }
}

/** Each acknowledged id is in the journal once: as a signal, or among the ids of those that retention took. */
export function testify(acknowledged: readonly string[], journal: string): Testimony {
  const counts = countsOf(journal);
  return {
    acknowledged: acknowledged.length,
    lost: acknowledged.filter((id) => !counts.has(id)),
    doubled: [...counts].filter(([, count]) => count > 1).map(([what]) => what),
  };
}

/** By id; and by what the witness numbered them, in case that one came to have two ids. */
function countsOf(journal: string): ReadonlyMap<string, number> {
  const db = new Database(journal);
  try {
    const counts = new Map<string, number>();
    const count = (what: string): void => {
      counts.set(what, (counts.get(what) ?? 0) + 1);
    };
    // Without the index on ids, which a fault could have made wrong.
    const signals = db.query<{ id: string; name: string; body: string }, []>(
      "SELECT +id AS id, name, body FROM signal NOT INDEXED",
    );
    for (const { id, name, body } of signals.iterate()) {
      count(id);
      const number = /"(?:scanner|question_id)":"(witness-[^"]*)"/.exec(body)?.[1];
      if (number !== undefined && /^Q_(RUN_SCANNER|CURIOSITY_INVESTIGATE)$/.test(name)) count(number);
    }
    for (const { id } of db.query<{ id: string }, []>("SELECT id FROM idmemo").iterate()) count(id);
    return counts;
  } finally {
    db.close();
  }
}
