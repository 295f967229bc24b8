/** The reader's thread: its own read-only connection, one request at a time. An entry point of the build. */
import { Database } from "bun:sqlite";
import { readConsumerStatistics, readPage, readSignalStatistics } from "./reading.ts";
import type { ReaderReply, ReaderRequest } from "./reader.ts";

declare const self: Worker;

let db: Database | undefined;

/** A recovery or somebody's checkpoint may lock the file for a moment. */
function openReadOnly(path: string): Database {
  const opened = new Database(path, { readonly: true, strict: true });
  opened.run("PRAGMA busy_timeout = 2000");
  return opened;
}

function answer(request: ReaderRequest): unknown {
  db ??= openReadOnly(request.path);
  if (request.kind === "page") return readPage(db, request.query);
  return request.kind === "signals" ? readSignalStatistics(db) : readConsumerStatistics(db);
}

self.onmessage = (event: MessageEvent<ReaderRequest>): void => {
  const { n } = event.data;
  let reply: ReaderReply;
  try {
    reply = { n, ok: true, value: answer(event.data) };
  } catch (error) {
    reply = { n, ok: false, text: error instanceof Error ? error.message : String(error) };
  }
  postMessage(reply);
};
