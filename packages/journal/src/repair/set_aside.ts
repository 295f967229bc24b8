/**
 * What was found damaged while granting: set aside in the next transaction, and again until it succeeds (full disk).
 *
 * Invariant: damage is never silent, and what is behind it goes on.
 */
import type { Consumer } from "../consumers.ts";
import { NOTE_DAMAGE } from "../damaged_rows.ts";
import { type DamagedRow, wake } from "../grants.ts";
import { DAMAGED } from "../schema.ts";
import { type Transaction, settleRow } from "../transaction.ts";

export class SetAside {
  readonly #waiting = new Map<string, { readonly consumer: Consumer; readonly row: DamagedRow }>();

  get size(): number {
    return this.#waiting.size;
  }

  /** True: it was not known. */
  add(consumer: Consumer, rows: readonly DamagedRow[]): boolean {
    const before = this.#waiting.size;
    for (const row of rows) this.#waiting.set(`${consumer.cid} ${row.seq}`, { consumer, row });
    return this.#waiting.size > before;
  }

  /** Returns how many. */
  apply(tx: Transaction): number {
    let changed = 0;
    for (const { consumer, row } of this.#waiting.values()) {
      // Asked for twice before a commit, it changes nothing the second time.
      const changes =
        row.stateKey === undefined
          ? settleDamaged(tx, consumer, row)
          : dropState(tx, consumer, row, row.stateKey);
      if (changes) changed += 1;
      note(tx, consumer, row);
    }
    const handled = [...this.#waiting.keys()];
    tx.afterCommit(() => handled.forEach((key) => this.#waiting.delete(key)));
    return changed;
  }
}

function settleDamaged(tx: Transaction, consumer: Consumer, { seq, sum, what }: DamagedRow): boolean {
  const open = tx.db
    .prepare("SELECT 1 FROM delivery WHERE cid = ? AND seq = ? AND state <= 1")
    .get(consumer.cid, seq);
  // Whoever asked is told by a timeout.
  tx.deadlines.start(tx, consumer, seq);
  if (open !== null) settleRow(tx, consumer, { seq, state: DAMAGED, sum, error: what });
  return open !== null;
}

/** Its text stays in table `damage`; the delivery is granted again, without it. */
function dropState(tx: Transaction, consumer: Consumer, { lane, seq }: DamagedRow, key: string): boolean {
  const { changes } = tx.db.prepare("DELETE FROM state WHERE cid = ? AND key = ?").run(consumer.cid, key);
  tx.afterCommit(() => {
    wake(consumer, lane, seq);
    consumer.nextDue = 0;
  });
  return changes > 0;
}

function note(tx: Transaction, consumer: Consumer, row: DamagedRow): void {
  tx.db.prepare(NOTE_DAMAGE).run(row.seq, consumer.cid, row.what, tx.at);
}
