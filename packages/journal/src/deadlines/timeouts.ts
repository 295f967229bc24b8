/**
 * What is said when a deadline passed: the timeout signal and FIRED in one transaction. Its id is derived from the request's, so
 * that saying it again, after whatever crash, stores nothing.
 */
import { DreamTimeout, InvestigationTimeout, createChild } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import { type SignalColumns, signalSum } from "../checksum.ts";
import { NOTE_DAMAGE } from "../damaged_rows.ts";
import { DUE, type DeadlineRow, FIRE, WITHDRAW, wholeSum } from "./deadline_rows.ts";
import type { Host } from "../host.ts";
import { prepareSignal } from "../prepare.ts";
import { requestKind } from "../requests.ts";
import type { Transaction } from "../transaction.ts";

/** In one transaction: bounds the time until the loop looks at its input again. */
const FIRED_MAX = 256;

/** With its request; null: that is missing. */
type DueRow = DeadlineRow & SignalColumns & { readonly signal_sum: number | null };

/** Fires what is due at `now` (the deadlines' clock). Returns how many. */
export function fireDue(tx: Transaction, host: Host, now: number): number {
  const rows = tx.db.prepare(DUE).all(now, FIRED_MAX) as DueRow[];
  for (const row of rows) fire(tx, host, row);
  return rows.length;
}

function fire(tx: Transaction, host: Host, row: DueRow): void {
  const timeout = wholeSum(row) === row.sum ? timeoutOf(row, tx.at) : undefined;
  if (timeout === undefined) {
    const what = wholeSum(row) === row.sum ? "its request is missing or damaged" : "its checksum";
    setAside(tx, row, `deadline: ${what}`);
    return;
  }
  const signal = prepareSignal(JSON.stringify(timeout), "chemical-bus");
  if ("status" in signal)
    throw new Error(`the timeout of request ${row.request_seq} is not valid: ${signal.text}`);
  const seq = tx.append(signal);
  if (seq !== undefined) host.noteStored(tx, signal, seq);
  tx.db.prepare(FIRE).run(row.request_seq);
}

/** Nobody can be told by a signal; the damage is named in its table, and nothing behind it waits. */
function setAside(tx: Transaction, row: DueRow, what: string): void {
  tx.db.prepare(NOTE_DAMAGE).run(row.request_seq, 0, what, tx.at);
  tx.db.prepare(WITHDRAW).run(row.request_seq);
}

function timeoutOf(row: DueRow, nowMs: number): Envelope | undefined {
  const request = requestOf(row);
  const kind = requestKind(row.name);
  if (request === undefined || kind === undefined) return undefined;
  const options = { source: "chemical-bus", consumer: "chemical-bus", nowMs };
  const facts = { timeout_seconds: row.limit_ms / 1000, request_id: request.id };
  if (kind.timeoutSignal === InvestigationTimeout.name) {
    const suggested_action =
      "look at the log of the investigation-consumer; ask again when it works, with `kloros publish`";
    const question_id = String(request.facts["question_id"]);
    return createChild(request, InvestigationTimeout, { ...facts, suggested_action, question_id }, options);
  }
  const suggested_action = "look at the log of the dream-consumer and at its last run (`kloros dream`)";
  return createChild(request, DreamTimeout, { ...facts, suggested_action }, options);
}

/** Undefined: missing or damaged. */
function requestOf(row: DueRow): Envelope | undefined {
  const isIntact = row.signal_sum !== null && signalSum(row.request_seq, row) === row.signal_sum;
  return isIntact ? (JSON.parse(row.body) as Envelope) : undefined;
}
