/** The reader's thread: its own read-only connection, one request at a time. An entry point of the build. */
import { Database } from "bun:sqlite";
import { readPage, readStatistics } from "./reading.ts";
import type { ReaderReply, ReaderRequest } from "./reader.ts";

declare const self: Worker;

let db: Database | undefined;

function answer(request: ReaderRequest): unknown {
  db ??= new Database(request.path, { readonly: true, strict: true });
  return request.kind === "page" ? readPage(db, request.query) : readStatistics(db);
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
