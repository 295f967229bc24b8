/** `defineSignal` fills in what most signals have in common and refuses definitions that contradict themselves. */
import type { Static, TObject } from "@sinclair/typebox";
import type { Deadline, DeliveryMode, Emitter, Lane, SignalDefinition, SignalKind } from "./definition.ts";

export interface SignalSpec<Name extends string, Schema extends TObject> {
  readonly name: Name;
  readonly kind: SignalKind;
  readonly description: string;
  readonly facts: Schema;
  readonly examples: readonly Static<Schema>[];
  readonly emitters: readonly Emitter[];
  readonly delivery: DeliveryMode;
  /** Required for `latest`, refused otherwise. */
  readonly key?: (facts: Static<Schema>) => string;
  /** Default: always normal. */
  readonly lane?: (facts: Static<Schema>) => Lane;
  readonly loopKey: (facts: Static<Schema>) => string;
  readonly deadline?: Deadline;
  /** Default false. */
  readonly root?: boolean;
  /** Default `active`. */
  readonly status?: "active" | "later";
}

const namePattern = /^Q_[A-Z]+(_[A-Z]+)+$/;

/** Throws a `TypeError` at import time when the definition contradicts itself: that is a bug, not an input. */
export function defineSignal<const Name extends string, Schema extends TObject>(
  spec: SignalSpec<Name, Schema>,
): SignalDefinition<Name, Schema> {
  const refuse = (why: string): never => {
    throw new TypeError(`cannot define signal ${JSON.stringify(spec.name)}: ${why}`);
  };
  if (!namePattern.test(spec.name)) refuse("its name is not Q_<ACTION>_<STATE>");
  if ((spec.delivery === "latest") !== (spec.key !== undefined)) {
    refuse("`key` belongs to delivery `latest`, and only to it");
  }
  if (spec.examples.length === 0) refuse("it needs at least one example");
  if (spec.emitters.length === 0) refuse("it needs at least one emitter");
  return Object.freeze({
    ...spec,
    lane: spec.lane ?? (() => "normal" as const),
    root: spec.root ?? false,
    status: spec.status ?? "active",
  });
}
