/**
 * Counts the transactions in the journal and keeps the mark beside it in step (high_water.ts).
 *
 * Invariant: the mark is written behind the commit that it tells of, and before anything of that is answered.
 */
import type { JournalDatabase } from "./database.ts";
import { HighWater, markPathOf } from "./start/high_water.ts";
import { readMeta, writeMeta } from "./meta.ts";

export class CommitMark {
  readonly #db: JournalDatabase;
  readonly #epoch: number;
  readonly #file: HighWater | undefined;
  #commit: number;
  #next = 0;
  #changes = 0;
  /** The mark could not be written: it is older than the journal, so it reveals less. */
  trouble: string | undefined;

  constructor(db: JournalDatabase, epoch: number, seq: number) {
    this.#db = db;
    this.#epoch = epoch;
    this.#commit = this.#next = readMeta(db, "commit", 0);
    this.#file = db.path === ":memory:" ? undefined : new HighWater(markPathOf(db.path));
    this.#changes = this.#total();
    this.#write(seq);
  }

  /** The last step inside a transaction. One that changes nothing stays so: it costs no sync. */
  note(): void {
    this.#next = this.#commit;
    if (this.#file === undefined || this.#total() === this.#changes) return;
    this.#next = this.#commit + 1;
    writeMeta(this.#db, "commit", this.#next);
  }

  /** After the commit. `seq`: of the newest signal. */
  committed(seq: number): void {
    if (this.#next === this.#commit) return;
    this.#commit = this.#next;
    this.#changes = this.#total();
    this.#write(seq);
  }

  sync(): void {
    this.#file?.sync();
  }

  close(): void {
    this.#file?.close();
  }

  #write(seq: number): void {
    try {
      this.#file?.write({ commit: this.#commit, seq, epoch: this.#epoch });
      this.trouble = undefined;
    } catch (error) {
      this.trouble = `the mark beside ${this.#db.path} cannot be written: ${String(error)}`;
    }
  }

  /** Rows changed by this connection, rolled back ones included. */
  #total(): number {
    if (this.#file === undefined) return 0;
    return (this.#db.prepare("SELECT total_changes() AS n").get() as { n: number }).n;
  }
}
