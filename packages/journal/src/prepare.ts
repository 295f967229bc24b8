/** From what a client sent to what the journal stores: everything that needs no database, done before the transaction. */
import { type Envelope, type SignalDefinition, canonicalSource, parseEnvelope } from "@kloros/signal-schema";
import type { PublishResult } from "./broker_types.ts";
import { type RequestKind, answeredBy, requestKind } from "./requests.ts";
import { LANES } from "./schema.ts";

export interface PreparedSignal {
  readonly id: string;
  readonly name: string;
  readonly source: string;
  /** Index in LANES. */
  readonly lane: number;
  /** null: its own id. */
  readonly trace: string | null;
  /** `latest` only: name and key, so that keys of different signals never meet. */
  readonly ckey: string | null;
  readonly body: string;
  /** Announced, never stored: live signals, and what observe mode only shows (`dry: true`). */
  readonly live: boolean;
  readonly kind: SignalDefinition["kind"];
  readonly cause: string | null;
  readonly hops: number;
  /** It must be answered in time. */
  readonly request: RequestKind | null;
  /** Requests that it may answer, with its value of the fact that they match by. */
  readonly answers: readonly { readonly kind: RequestKind; readonly value: unknown }[] | null;
  /** What makes it "the same" as another of its name; null: repeated on purpose. */
  readonly loopKey: string | null;
}

export type Invalid = Extract<PublishResult, { status: "invalid" }>;

/** Checks one envelope as `service` said it. The stored text is what came in, byte for byte. */
export function prepareSignal(body: string, service: string): PreparedSignal | Invalid {
  const parsed = parseEnvelope(body);
  if (!parsed.ok) return { status: "invalid", code: parsed.code, text: parsed.text };
  const { envelope, definition } = parsed;
  const speaker = canonicalSource(definition, envelope.source);
  if (speaker === undefined) return refused("emitter", `${envelope.source} may not emit ${definition.name}`);
  if (speaker !== service) {
    return refused(
      "identity",
      `${service} tried to emit ${definition.name} in the name of ${envelope.source}; a client speaks only for itself`,
    );
  }
  return columnsOf(envelope, definition, body);
}

function refused(code: string, text: string): Invalid {
  return { status: "invalid", code, text };
}

function columnsOf(envelope: Envelope, definition: SignalDefinition, body: string): PreparedSignal {
  const key = definition.key?.(envelope.facts);
  return {
    id: envelope.id,
    name: envelope.signal,
    source: envelope.source,
    lane: LANES.indexOf(definition.lane(envelope.facts)),
    trace: envelope.trace === envelope.id ? null : envelope.trace,
    ckey: definition.delivery === "latest" ? `${envelope.signal}|${key ?? ""}` : null,
    body,
    live: definition.delivery === "live" || envelope["dry"] === true,
    kind: definition.kind,
    cause: envelope.cause ?? null,
    hops: envelope.hops,
    request: requestKind(envelope.signal) ?? null,
    answers: answersOf(envelope),
    loopKey: definition.root ? null : definition.loopKey(envelope.facts),
  };
}

function answersOf({ signal, facts }: Envelope): PreparedSignal["answers"] {
  const kinds = answeredBy(signal);
  if (kinds === undefined) return null;
  return kinds.map((kind) => ({
    kind,
    value: kind.matchFact === undefined ? undefined : facts[kind.matchFact],
  }));
}

/** Same id: the same signal? Times of the envelope may differ (a retry after a crash), what is said may not. */
export function sameBody(a: string, b: string): boolean {
  if (a === b) return true;
  try {
    const [x, y] = [JSON.parse(a) as Envelope, JSON.parse(b) as Envelope];
    return x.signal === y.signal && x.source === y.source && Bun.deepEquals(x.facts, y.facts);
  } catch {
    return false; // the stored one is damaged
  }
}
