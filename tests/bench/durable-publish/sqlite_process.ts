/**
 * `<file> <signals> <rows a transaction>`: what the disk and SQLite alone give: rows of the sample, an id index, a sync for each
 * transaction, no delivery, no other process.
 */
import { Database } from "bun:sqlite";
import { sampleSignal } from "../house/signal_sample.ts";
import { tell } from "../house/stdin_lines.ts";

const [file = "", count = "", rows = ""] = process.argv.slice(2);
const database = new Database(file, { create: true });
database.run("PRAGMA journal_mode = WAL");
database.run("PRAGMA synchronous = FULL");
database.run("CREATE TABLE signal(seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL)");
const insert = database.prepare("INSERT INTO signal(id, body) VALUES(?, ?)");
const [begin, commit] = [database.prepare("BEGIN IMMEDIATE"), database.prepare("COMMIT")];
const startedAt = performance.now();
for (let from = 0; from < Number(count); from += Number(rows)) {
  begin.run();
  for (let index = from; index < from + Number(rows); index++) {
    const signal = sampleSignal(index);
    insert.run(signal.id, JSON.stringify(signal));
  }
  commit.run();
}
tell("stored", { perS: (Number(count) / (performance.now() - startedAt)) * 1000 });
database.close();
