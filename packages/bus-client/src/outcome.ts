/** What a handler returned or threw → what the journal is told. Pure. */
import type { SettleItem } from "@kloros/journal";
import type { Envelope } from "@kloros/signal-schema";
import { outbound } from "./envelope_text.ts";
import { RetryableError, TerminalError } from "./errors.ts";
import { PROTOCOL_LIMITS } from "./protocol.ts";
import type { HandlerResult } from "./types.ts";

export type Outcome = SettleItem["outcome"];

export interface Judged {
  readonly outcome: Outcome;
  readonly emitted: readonly Envelope[];
  readonly error?: unknown;
}

/** A result whose emissions or state cannot be stored is a bug that no retry heals: dead, with the reason. */
export function outcomeOfResult(result: HandlerResult | undefined): Judged {
  const emitted = result?.emit ?? [];
  if (emitted.length > PROTOCOL_LIMITS.emitsMax) {
    return invalid(`emits ${String(emitted.length)} signals, ${String(PROTOCOL_LIMITS.emitsMax)} at most`);
  }
  const emits: string[] = [];
  let bytes = 0;
  for (const envelope of emitted) {
    const checked = outbound(envelope);
    if (!checked.ok) return invalid(`cannot emit ${envelope.signal}: ${checked.code}: ${checked.text}`);
    emits.push(checked.text);
    bytes += checked.sizeBytes;
  }
  if (bytes > PROTOCOL_LIMITS.emitsBytesMax) {
    return invalid(`emits ${String(bytes)} bytes, ${String(PROTOCOL_LIMITS.emitsBytesMax)} at most`);
  }
  if (result?.state === undefined) return { outcome: { kind: "done", emits }, emitted };
  if (result.state === null) return { outcome: { kind: "done", emits, state: null }, emitted };
  const state = stateText(result.state);
  if (state === undefined) return invalid("the new state cannot be written as JSON");
  if (Buffer.byteLength(state) > PROTOCOL_LIMITS.stateBytesMax) {
    return invalid(
      `the new state has more than ${String(PROTOCOL_LIMITS.stateBytesMax)} bytes: put the bulk into a file`,
    );
  }
  return { outcome: { kind: "done", emits, state }, emitted };
}

function stateText(state: unknown): string | undefined {
  try {
    return JSON.stringify(state);
  } catch {
    return undefined;
  }
}

function invalid(error: string): Judged {
  return {
    outcome: { kind: "dead", reason: "invalid", error },
    emitted: [],
    error: new TerminalError("invalid", error),
  };
}

export function outcomeOfError(error: unknown): Judged {
  const text = errorText(error);
  if (error instanceof TerminalError) {
    return { outcome: { kind: "dead", reason: "terminal", error: text }, emitted: [], error };
  }
  const delayMs = error instanceof RetryableError ? error.delayMs : undefined;
  const outcome: Outcome =
    delayMs === undefined ? { kind: "retry", error: text } : { kind: "retry", error: text, delayMs };
  return { outcome, emitted: [], error };
}

/** Longest error text that is stored; the log has the rest. */
const ERROR_TEXT_MAX = 2000;

/** Message, code and causes, as one line of bounded length. */
function errorText(error: unknown): string {
  const parts: string[] = [];
  let next: unknown = error;
  for (let depth = 0; depth < 5 && next !== undefined; depth++) {
    parts.push(oneError(next));
    next = next instanceof Error ? next.cause : undefined;
  }
  return parts.join(" ← ").slice(0, ERROR_TEXT_MAX).toWellFormed();
}

function oneError(error: unknown): string {
  if (!(error instanceof Error))
    return typeof error === "string" ? error : (JSON.stringify(error) ?? "undefined");
  const code = "code" in error && typeof error.code === "string" ? `${error.code}: ` : "";
  const name = error.name === "Error" || code !== "" ? "" : `${error.name}: `;
  return `${name}${code}${error.message}`;
}
