/**
 * Tables of the journal (schema version 1) and the checksums of their rows.
 *
 * signal      what was said: one row a signal, never changed after its insert
 * consumer    who reads: definition, durable holder, running counts (written once a transaction)
 * subscription which names a consumer gets, and from which signal on; the fan-out joins it
 * delivery    how each consumer stands to each signal; LEASED is READY plus an entry in memory (leases.ts)
 * deadletter  what was given up, rejected or reported, numbered
 * state       a consumer's own state, by key
 * damage      rows that were found damaged, once each
 */
export const SCHEMA_VERSION = 1;

export const DDL = `
CREATE TABLE meta(k TEXT PRIMARY KEY, v NOT NULL) WITHOUT ROWID;
CREATE TABLE signal(
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, source TEXT NOT NULL, lane INTEGER NOT NULL,
  at INTEGER NOT NULL, trace TEXT, ckey TEXT, sum INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE consumer(
  cid INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, definition TEXT NOT NULL, holder TEXT NOT NULL,
  matched INTEGER NOT NULL, matched_x INTEGER NOT NULL, done INTEGER NOT NULL, superseded INTEGER NOT NULL, dead INTEGER NOT NULL,
  dropped INTEGER NOT NULL, damaged INTEGER NOT NULL, settled_x INTEGER NOT NULL, removed_at INTEGER);
CREATE TABLE subscription(name TEXT NOT NULL, cid INTEGER NOT NULL, from_seq INTEGER NOT NULL, PRIMARY KEY(name, cid)) WITHOUT ROWID;
CREATE TABLE delivery(
  cid INTEGER NOT NULL, seq INTEGER NOT NULL, state INTEGER NOT NULL, lane INTEGER NOT NULL, attempt INTEGER NOT NULL,
  strikes INTEGER NOT NULL, suspect INTEGER NOT NULL, due INTEGER NOT NULL, settled_at INTEGER, ckey TEXT, plan TEXT, error TEXT,
  sum INTEGER NOT NULL, PRIMARY KEY(cid, seq)) WITHOUT ROWID;
CREATE INDEX delivery_waiting ON delivery(cid, lane, due) WHERE state = 1;
CREATE INDEX delivery_suspect ON delivery(cid, lane, seq) WHERE suspect > 0;
CREATE INDEX delivery_open_key ON delivery(cid, ckey, seq) WHERE ckey IS NOT NULL AND state <= 1;
CREATE INDEX delivery_key ON delivery(cid, ckey, seq) WHERE ckey IS NOT NULL;
CREATE TABLE deadletter(
  n INTEGER PRIMARY KEY, cid INTEGER, seq INTEGER NOT NULL, id TEXT NOT NULL, consumer TEXT NOT NULL, reason TEXT NOT NULL,
  error TEXT NOT NULL, attempts INTEGER NOT NULL, first_at INTEGER NOT NULL, dead_at INTEGER NOT NULL, state TEXT NOT NULL,
  content TEXT, fields TEXT);
CREATE INDEX deadletter_id ON deadletter(id);
CREATE TABLE state(cid INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(cid, key)) WITHOUT ROWID;
CREATE TABLE damage(seq INTEGER NOT NULL, cid INTEGER NOT NULL, what TEXT NOT NULL, found_at INTEGER NOT NULL, PRIMARY KEY(seq, cid)) WITHOUT ROWID;
`;

/** Numbers of `delivery.state`. Open = READY or WAITING. */
export const READY = 0;
export const WAITING = 1;
export const DONE = 2;
export const SUPERSEDED = 3;
export const DEAD = 4;
export const DROPPED = 5;
export const DAMAGED = 6;

export const STATE_NAMES = ["ready", "waiting", "done", "superseded", "dead", "dropped", "damaged"] as const;

/** Columns of `delivery.suspect`: was in flight when its client vanished; 2: alone, and so has a strike for it. */
export const SUSPECT = 1;
export const SUSPECT_WITH_STRIKE = 2;

export const LANES = ["urgent", "normal"] as const;

/**
 * Checksum of a delivery as SQL over its columns, so that a range of rows is settled by one statement.
 * Odd factors modulo 2^32: a change of any one column by less than 2^32 changes the sum.
 */
export function deliverySum(columns: {
  readonly state?: string;
  readonly attempt?: string;
  readonly strikes?: string;
  readonly suspect?: string;
  readonly due?: string;
  readonly prefix?: string;
}): string {
  const p = columns.prefix ?? "";
  const {
    state = `${p}state`,
    attempt = `${p}attempt`,
    strikes = `${p}strikes`,
    suspect = `${p}suspect`,
    due = `${p}due`,
  } = columns;
  return (
    `((${p}seq * 31 + ${p}cid * 1000003 + (${state}) * 99991 + ${p}lane * 131071 + (${attempt}) * 524287 + ` +
    `(${strikes}) * 6700417 + (${suspect}) * 15485863 + (${due}) * 8191 + 2654435769) & 4294967295)`
  );
}
