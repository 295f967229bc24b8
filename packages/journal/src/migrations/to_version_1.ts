/** Schema version 1, as its programs made it. Never changed: journals of that version are out there. */
import type { Database } from "bun:sqlite";

const DDL = `
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

export function toVersion1(db: Database): void {
  db.run(DDL);
}
