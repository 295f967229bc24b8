/**
 * The journal's invariants as queries: what must hold after every transaction. Empty = all hold.
 *
 * Computed from the rows alone, apart from the counts that the writer keeps while it works: the two must agree.
 */
import type { Database } from "bun:sqlite";
import { brokenDeadlines } from "../deadlines/deadline_invariants.ts";
import { deliveryIntact } from "../schema.ts";
import { type Tally, differences, plus, purgedTally, tallyRows } from "../upkeep/tally.ts";

export function brokenInvariants(db: Database): string[] {
  return [
    ...damagedRows(db),
    ...wrongCounts(db),
    ...missingDeliveries(db),
    ...unexplainedDead(db),
    ...brokenDeadlines(db),
  ];
}

function damagedRows(db: Database): string[] {
  return db
    .query<{ cid: number; seq: number }, []>(`SELECT cid, seq FROM delivery WHERE NOT ${deliveryIntact()}`)
    .all()
    .map(({ cid, seq }) => `delivery (${cid}, ${seq}) does not match its checksum`);
}

/** matched = done + superseded + dead + dropped + damaged + open, and the same by checksum; what retention took included. */
function wrongCounts(db: Database): string[] {
  return db
    .query<Tally & { cid: number; name: string }, []>("SELECT * FROM consumer")
    .all()
    .flatMap((row) =>
      differences(row, plus(tallyRows(db, row.cid), purgedTally(db, row.cid))).map(
        (text) => `consumer ${row.name} ${text}`,
      ),
    );
}

/** What should have matched, from the signals: every signal stored since its name was subscribed. */
function missingDeliveries(db: Database): string[] {
  return db
    .query<{ name: string; seq: number }, []>(
      "SELECT c.name, s.seq FROM consumer c JOIN subscription u ON u.cid = c.cid JOIN signal s ON s.name = u.name AND s.seq >= u.from_seq " +
        "LEFT JOIN delivery d ON d.cid = c.cid AND d.seq = s.seq WHERE d.seq IS NULL AND c.removed_at IS NULL",
    )
    .all()
    .map(({ name, seq }) => `consumer ${name} has no delivery of signal ${seq}`);
}

function unexplainedDead(db: Database): string[] {
  return db
    .query<{ cid: number; seq: number }, []>(
      "SELECT d.cid, d.seq FROM delivery d LEFT JOIN deadletter l ON l.cid = d.cid AND l.seq = d.seq AND l.state = 'dead' WHERE d.state = 4 AND l.n IS NULL",
    )
    .all()
    .map(({ cid, seq }) => `delivery (${cid}, ${seq}) is dead without a dead letter`);
}
