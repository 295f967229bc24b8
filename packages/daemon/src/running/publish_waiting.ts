/** Publishing that waits: the bus may be away or busy, what is published stays here until it is on disk there. */
import { BusyError, DeniedError, TerminalError, type Bus } from "@kloros/bus-client";
import type { Envelope } from "@kloros/signal-schema";
import { pauseOrThrow } from "../pause.ts";

/** The transport's limit for one call. */
const BATCH_MAX = 512;
const BACKOFF_FIRST_MS = 50;
const BACKOFF_MAX_MS = 5000;

export interface PublishWaitingOptions {
  readonly random: () => number;
  /** Ends the waiting; the promise rejects with its reason. */
  readonly abort: AbortSignal;
  /** Told when it is on disk (also when it was there before). */
  readonly onStored: (signal: Envelope, status: "stored" | "duplicate" | "announced") => void;
  /** Told when the first one of this id stays and ours, with another body, is not stored. */
  readonly onConflict: (signal: Envelope, text: string) => void;
  /** Told before each wait. */
  readonly onWait: (why: string, attempt: number) => void;
}

/**
 * Resolves when every signal is on disk, or known there by its id. All of them are tried before an invalid one is
 * reported: one bad signal must not hold up its neighbours.
 * Throws `TerminalError` (a signal that will never be accepted), `DeniedError`, or the reason of `abort`.
 */
export async function publishWaiting(
  bus: Pick<Bus, "publish">,
  signals: readonly Envelope[],
  options: PublishWaitingOptions,
): Promise<void> {
  const refused: string[] = [];
  for (let at = 0; at < signals.length; at += BATCH_MAX) {
    refused.push(...(await publishBatch(bus, signals.slice(at, at + BATCH_MAX), options)));
  }
  const [first] = refused;
  if (first === undefined) return;
  const more = refused.length > 1 ? ` (and ${String(refused.length - 1)} more)` : "";
  throw new TerminalError("invalid", `the bus refused a signal for good: ${first}${more}`);
}

async function publishBatch(
  bus: Pick<Bus, "publish">,
  batch: readonly Envelope[],
  options: PublishWaitingOptions,
): Promise<readonly string[]> {
  const refused: string[] = [];
  let open = batch;
  for (let attempt = 0; open.length > 0; attempt += 1) {
    const { left, why } = await attemptOnce(bus, open, options, refused);
    open = left;
    if (open.length === 0) break;
    options.onWait(why, attempt + 1);
    const whole = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempt, 20));
    await pauseOrThrow(whole / 2 + (whole / 2) * options.random(), options.abort);
  }
  return refused;
}

interface Attempt {
  readonly left: readonly Envelope[];
  readonly why: string;
}

async function attemptOnce(
  bus: Pick<Bus, "publish">,
  open: readonly Envelope[],
  options: PublishWaitingOptions,
  refused: string[],
): Promise<Attempt> {
  try {
    const results = await bus.publish(open, { abort: options.abort });
    let why = "";
    const left = open.filter((signal, index) => {
      const result = results[index];
      if (result === undefined) throw new Error(`the bus gave no result for signal ${signal.id}`);
      if (result.status === "busy") {
        why = result.text;
        return true;
      }
      if (result.status === "invalid")
        refused.push(`${signal.signal} ${signal.id}: ${result.code}: ${result.text}`);
      else if (result.status === "conflict") options.onConflict(signal, result.text);
      else options.onStored(signal, result.status);
      return false;
    });
    return { left, why };
  } catch (error) {
    options.abort.throwIfAborted();
    if (error instanceof DeniedError || error instanceof TerminalError) throw error;
    const why = error instanceof BusyError ? error.message : `the bus is away: ${String(error)}`;
    return { left: open, why };
  }
}
