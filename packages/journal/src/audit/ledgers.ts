/** What ledgers outside of the journal are compared with: read-only, a page at a time. */
import { openReadOnly } from "../start/start_check.ts";
import { readPage } from "../reading.ts";

export interface SaidSignal {
  readonly seq: number;
  readonly facts: Readonly<Record<string, unknown>>;
}

const PAGE = 500;

/** All signals of one name that are stored, oldest first. The file is open until the end. */
export function* saidSignals(path: string, name: string): Generator<SaidSignal> {
  const db = openReadOnly(path);
  try {
    for (let afterSeq: number | null = 0; afterSeq !== null;) {
      const page = readPage(db, { signals: [name], afterSeq, limit: PAGE });
      for (const { seq, envelope } of page.items) yield { seq, facts: envelope.facts };
      afterSeq = page.next;
    }
  } finally {
    db.close();
  }
}

/** Number and id of each dead letter that is kept, oldest first. */
export function letterNumbers(path: string): { readonly n: number; readonly id: string }[] {
  const db = openReadOnly(path);
  try {
    return db.prepare<{ n: number; id: string }, []>("SELECT n, id FROM deadletter ORDER BY n").all();
  } finally {
    db.close();
  }
}
