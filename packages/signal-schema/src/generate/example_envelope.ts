/** A definition's examples as whole signals, with the ids and times of a fixed moment: generated files must not change by themselves. */
import { createChild, createRoot } from "../build_signal.ts";
import type { SignalDefinition } from "../definition.ts";
import type { Envelope } from "../envelope.ts";

const momentMs = Date.UTC(2025, 10, 14, 10, 30);
const parentId = "019a81ea-3040-7000-8000-000000000001";
const startsChains = new Set(["advisory", "trigger"]);

export function exampleEnvelopes(definition: SignalDefinition): readonly Envelope[] {
  const source = definition.emitters[0]?.service ?? "operator";
  return definition.examples.map((facts) =>
    startsChains.has(definition.kind)
      ? createRoot(definition, facts, { source, nowMs: momentMs, id: parentId })
      : createChild({ id: parentId, trace: parentId, hops: 0 }, definition, facts, {
          source,
          consumer: source,
          nowMs: momentMs,
        }),
  );
}
