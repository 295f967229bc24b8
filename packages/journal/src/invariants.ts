/**
 * The journal's invariants as queries: what must hold after every transaction. Empty = all hold.
 *
 * Computed from the rows alone, apart from the counts that the writer keeps while it works: the two must agree.
 */
import type { Database } from "bun:sqlite";
import { brokenDeadlines } from "./deadline_invariants.ts";
import { STATE_NAMES, WAITING, deliverySum } from "./schema.ts";

interface Side {
  matched: number;
  matchedX: number;
  settledX: number;
  states: number[];
}

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
    .query<{ cid: number; seq: number }, []>(`SELECT cid, seq FROM delivery WHERE sum != ${deliverySum({})}`)
    .all()
    .map(({ cid, seq }) => `delivery (${cid}, ${seq}) does not match its checksum`);
}

/** matched = done + superseded + dead + dropped + damaged + open, and the same by checksum. */
function wrongCounts(db: Database): string[] {
  const sides = new Map<number, Side>();
  const rows = db
    .query<{ cid: number; state: number; sum: number }, []>(
      "SELECT d.cid, d.state, s.sum FROM delivery d JOIN signal s USING(seq)",
    )
    .iterate();
  for (const { cid, state, sum } of rows) {
    const side = sides.get(cid) ?? { matched: 0, matchedX: 0, settledX: 0, states: STATE_NAMES.map(() => 0) };
    sides.set(cid, side);
    side.matched += 1;
    side.matchedX ^= sum;
    if (state > WAITING) side.settledX ^= sum;
    side.states[state] = (side.states[state] ?? 0) + 1;
  }
  const consumers = db.query<Record<string, number | string>, []>("SELECT * FROM consumer").all();
  return consumers.flatMap((row) => compare(row, sides.get(row["cid"] as number)));
}

function compare(row: Record<string, number | string>, side: Side | undefined): string[] {
  const expected: Record<string, number> = {
    matched: side?.matched ?? 0,
    matched_x: side?.matchedX ?? 0,
    settled_x: side?.settledX ?? 0,
  };
  for (const name of ["done", "superseded", "dead", "dropped", "damaged"] as const) {
    expected[name] = side?.states[STATE_NAMES.indexOf(name)] ?? 0;
  }
  return Object.entries(expected)
    .filter(([column, value]) => row[column] !== value)
    .map(
      ([column, value]) => `consumer ${row["name"]} counts ${column} = ${row[column]}, its rows say ${value}`,
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
