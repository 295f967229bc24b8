/**
 * Builders of envelopes. They do not validate (publish does, and the compiler did); they set what must fit together:
 * id, cause, trace, hops.
 */
import type { FactsOf, SignalDefinition } from "./definition.ts";
import { deriveId } from "./derive_id.ts";
import type { Envelope } from "./envelope.ts";
import { formatUtc } from "./utc_timestamp.ts";
import { uuidv7 } from "./uuid.ts";

export interface RootOptions {
  /** The emitting service. */
  readonly source: string;
  /** UTC, ms. With an `id` derived from content, pass the content's own time: a repetition is then the same to the byte. */
  readonly nowMs: number;
  /** Default: a new UUIDv7. */
  readonly id?: string;
}

/** A signal that nothing led to. */
export function createRoot<D extends SignalDefinition>(
  definition: D,
  facts: FactsOf<D>,
  { source, nowMs, id = uuidv7(nowMs) }: RootOptions,
): Envelope<FactsOf<D>> {
  return { signal: definition.name, timestamp: formatUtc(nowMs), source, facts, id, trace: id, hops: 0 };
}

export interface ChildOptions {
  readonly source: string;
  /** Name of the consumer that handled the parent. */
  readonly consumer: string;
  /** Tells several effects of one signal apart. Default: empty. */
  readonly effectKey?: string;
  /** UTC, ms. */
  readonly nowMs: number;
}

/**
 * A signal that `parent` led to. Its id is derived, so building it again gives the same one. A definition that is
 * `root` starts a chain of its own and still names its cause.
 */
export function createChild<D extends SignalDefinition>(
  parent: Pick<Envelope, "id" | "trace" | "hops">,
  definition: D,
  facts: FactsOf<D>,
  { source, consumer, effectKey, nowMs }: ChildOptions,
): Envelope<FactsOf<D>> {
  const id = deriveId(parent.id, consumer, definition.name, effectKey);
  return {
    signal: definition.name,
    timestamp: formatUtc(nowMs),
    source,
    facts,
    id,
    cause: parent.id,
    trace: definition.root ? id : parent.trace,
    hops: definition.root ? 0 : parent.hops + 1,
  };
}

/** Narrows an envelope that came from the bus (and so is valid) to its definition's facts. */
export function isSignal<D extends SignalDefinition>(
  definition: D,
  envelope: Envelope,
): envelope is Envelope<FactsOf<D> & Record<string, unknown>> {
  return envelope.signal === definition.name;
}
