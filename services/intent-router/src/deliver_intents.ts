/** What the router says to the bus: signals for what could be routed, dead letters for what could not. */
import { messageOf } from "@kloros/daemon";
import { createRoot, deriveRootId } from "@kloros/signal-schema";
import type { Envelope, FactsOf, SignalDefinition } from "@kloros/signal-schema";
import { IntentReady } from "@kloros/signal-schema";
import { BusyError } from "@kloros/bus-client";
import type { Bus } from "@kloros/bus-client";
import { intentId, writtenMsOf } from "./examine.ts";
import type { Examined } from "./examine.ts";
import { intentName } from "./intent_directory.ts";

const SOURCE = "intent-router";

export type Outcome =
  /** On disk, now or by an earlier attempt. */
  | { readonly kind: "stored" }
  | { readonly kind: "invalid"; readonly reason: string }
  /** Not now: the file stays. */
  | { readonly kind: "busy"; readonly reason: string };

/** The signal of a file whose step is `route`, else undefined. The same file gives the same signal to the byte. */
export function signalOf(examined: Examined): Envelope | undefined {
  const { look, step } = examined;
  if (step.kind !== "route") return undefined;
  // Valid facts, checked by the decision; their type was lost where definitions of all kinds met in one table.
  const facts = step.facts as FactsOf<SignalDefinition>;
  return createRoot(step.definition, facts, {
    source: SOURCE,
    nowMs: writtenMsOf(look),
    id: intentId(examined),
  });
}

/** Its id depends on the file and the moment alone: in simulated time a run is the same each time. */
function announcementOf({ path, look, step }: Examined, nowMs: number): Envelope {
  return createRoot(
    IntentReady,
    {
      file: intentName(path),
      intent_type: step.kind === "route" ? step.intentType : "",
      priority: step.kind === "route" ? step.priority : "low",
      age_s: Math.max(0, (nowMs - look.writtenMs) / 1000),
    },
    { source: SOURCE, nowMs, id: deriveRootId(nowMs, "intent-ready", intentName(path), look.writtenNs) },
  );
}

export interface DeliverOptions {
  readonly abort: AbortSignal;
  readonly nowMs: number;
}

/** One outcome a file, in order. All must have the step `route`. Rejects when the bus is closed. */
export async function publishIntents(
  bus: Bus,
  batch: readonly Examined[],
  { abort, nowMs }: DeliverOptions,
): Promise<readonly Outcome[]> {
  const signals = batch.map(signalOf).filter((signal) => signal !== undefined);
  const announcements = batch.map((examined) => announcementOf(examined, nowMs));
  try {
    const results = await bus.publish([...announcements, ...signals], { abort });
    return results.slice(announcements.length).map(toOutcome);
  } catch (error) {
    if (!abort.aborted && !(error instanceof BusyError)) throw error;
    const reason = messageOf(error);
    return batch.map(() => ({ kind: "busy", reason }));
  }
}

function toOutcome(result: Awaited<ReturnType<Bus["publish"]>>[number]): Outcome {
  switch (result.status) {
    case "invalid":
      return { kind: "invalid", reason: `the bus refused the signal (${result.code}): ${result.text}` };
    case "busy":
      return { kind: "busy", reason: result.text };
    default:
      // A conflict is the same file, routed before under another mapping: the first one stays.
      return { kind: "stored" };
  }
}

/** Stores the file's content as a dead letter, once however often it is called. Rejects when the bus cannot now. */
export async function reportRejected(bus: Bus, examined: Examined, reason: string): Promise<void> {
  const { path, look } = examined;
  const text = asText(look.bytes);
  await bus.admin("rejectContent", {
    id: intentId(examined),
    error: reason,
    content: text ?? Buffer.from(look.bytes).toString("base64"),
    fields: {
      intent_file: intentName(path),
      ...(text === undefined ? { encoding: "base64" } : {}),
      ...(look.sizeBytes > look.bytes.length ? { file_bytes: String(look.sizeBytes) } : {}),
    },
  });
}

/** As it is, a byte order mark included; undefined: not UTF-8. */
function asText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
