import type { Static, TObject } from "@sinclair/typebox";

export type SignalKind = "advisory" | "trigger" | "completion" | "error";

/**
 * - `every`: each signal reaches each durable consumer.
 * - `latest`: only the newest per key counts; older ones not yet consumed are superseded.
 * - `live`: announced on the live feed only; not stored, no durable consumer may ask for it.
 */
export type DeliveryMode = "every" | "latest" | "live";

/** Urgent signals have slots of their own at each consumer and overtake normal ones. */
export type Lane = "urgent" | "normal";

/** A service that may emit a signal, with the names that the original daemons used for themselves. */
export interface Emitter {
  readonly service: string;
  /** Accepted as `source` from outside, e.g. `orchestrator_monitor`. */
  readonly aliases: readonly string[];
}

/** A request's promise: which completions answer it, matched how, and within what time (DESIGN 3.5). */
export interface Deadline {
  /** Names of the signals that answer. */
  readonly answeredBy: readonly string[];
  /** Fact whose equality matches an answer without `cause`; absent: only `cause` matches. */
  readonly matchFact?: string;
  /** From the first delivery to the answering consumer, ms. */
  readonly limitMs: number;
  /** A worker's own, shorter limit, ms. */
  readonly workerLimitMs: number;
  /** The consumer (service name) that answers. */
  readonly answeringConsumer: string;
  /** Name of the signal that the bus emits when the limit passes. */
  readonly timeoutSignal: string;
}

/**
 * All that is known about one signal. Functions here are pure and total on valid facts.
 * `publish(definition, facts)` takes this value, so a wrong body does not compile.
 *
 * The functions are written as methods on purpose: only methods are compared bivariantly, and without that a
 * definition of one signal would not be a `SignalDefinition`.
 */
export interface SignalDefinition<Name extends string = string, Schema extends TObject = TObject> {
  readonly name: Name;
  readonly kind: SignalKind;
  /** One sentence: what it says. */
  readonly description: string;
  readonly facts: Schema;
  /** At least one set of facts that a reader can learn from; each is valid. */
  readonly examples: readonly Static<Schema>[];
  readonly emitters: readonly Emitter[];
  readonly delivery: DeliveryMode;
  /** `latest` only: what a newer signal supersedes. */
  key?(facts: Static<Schema>): string;
  lane(facts: Static<Schema>): Lane;
  readonly deadline?: Deadline;
  /** What makes two signals of this name "the same" for the loop guard (DESIGN 5.6). */
  loopKey(facts: Static<Schema>): string;
  /** Advisories and timer signals start a chain of their own even when they follow from something. */
  readonly root: boolean;
  /** `later`: declared, emitted by nobody yet. */
  readonly status: "active" | "later";
}

export type FactsOf<D> = D extends SignalDefinition<string, infer S> ? Static<S> : never;
