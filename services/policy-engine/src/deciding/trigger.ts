/** The signal that a rule emits. Pure. */
import { createChild, validateEnvelope, validateFacts } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import { bindSignal } from "../expression/bind_signal.ts";
import { fromCel } from "../expression/cel_values.ts";
import type { Rule } from "../rules/rule.ts";
import type { KeptSignal } from "./state.ts";

const SERVICE = "policy-engine";

export type BuiltTrigger =
  | { readonly ok: true; readonly trigger: Envelope }
  | { readonly ok: false; readonly reason: string };

export interface TriggerCause {
  readonly signal: KeptSignal;
  readonly subjects: readonly string[];
  /** UTC ms. */
  readonly wallMs: number;
}

/** A child of the signal that was judged: judging it again builds the same. */
export function buildTrigger(rule: Rule, { signal, subjects, wallMs }: TriggerCause): BuiltTrigger {
  const definition = rule.emit.signal;
  const facts = new Map<string, unknown>();
  const bound = bindSignal(signal, { wallMs });
  const bindings = { ...bound.bindings, subjects: [...subjects] };
  const listSizeMax = Math.max(bound.listSizeMax, subjects.length);
  for (const source of rule.emit.facts) {
    if ("literal" in source) {
      facts.set(source.key, source.literal);
      continue;
    }
    const result = source.expression.evaluate(bindings, listSizeMax);
    if (!result.ok) return { ok: false, reason: `${source.key}: ${result.error}` };
    const value = jsonOf(result.value);
    if (value instanceof Error) return { ok: false, reason: `${source.key}: ${value.message}` };
    const optional = definition.facts.required?.includes(source.key) !== true;
    if (value !== null || !optional) facts.set(source.key, value);
  }
  if (Object.hasOwn(definition.facts.properties, "rule") && !facts.has("rule")) facts.set("rule", rule.name);
  const valid = validateFacts(definition, Object.fromEntries(facts));
  if (!valid.ok) return { ok: false, reason: valid.text };
  const options = { source: SERVICE, consumer: SERVICE, effectKey: rule.name, nowMs: wallMs };
  const trigger = createChild(signal, definition, valid.facts, options);
  // Too large, or too long a chain: the bus would refuse it, and the signal that led to it would be a dead letter.
  const sound = validateEnvelope(trigger);
  return sound.ok ? { ok: true, trigger } : { ok: false, reason: sound.text };
}

function jsonOf(value: unknown): unknown {
  try {
    return fromCel(value);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
