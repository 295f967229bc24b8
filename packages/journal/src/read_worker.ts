/** The reader's thread: its own read-only connection, one request at a time. An entry point of the build. */
import type { Database } from "bun:sqlite";
import { readConsumerStatistics, readPage, readSignalStatistics } from "./reading.ts";
import { openReadOnly } from "./start/start_check.ts";
import { verifyJournal } from "./audit/verify.ts";
import type { ReaderReply, ReaderRequest } from "./reader.ts";

declare const self: Worker;

let db: Database | undefined;

function answer(request: ReaderRequest): unknown {
  if (request.kind === "verify") return verifyJournal(request.path);
  db ??= openReadOnly(request.path);
  if (request.kind === "page") return readPage(db, request.query);
  return request.kind === "signals" ? readSignalStatistics(db) : readConsumerStatistics(db);
}

self.onmessage = async (event: MessageEvent<ReaderRequest>): Promise<void> => {
  const { n } = event.data;
  let reply: ReaderReply;
  try {
    reply = { n, ok: true, value: await answer(event.data) };
  } catch (error) {
    reply = { n, ok: false, text: error instanceof Error ? error.message : String(error) };
  }
  postMessage(reply);
};
