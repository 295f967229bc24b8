/** What a rule emits: the trigger, and where each of its facts comes from. Pure. */
import { findSignal, signals } from "@kloros/signal-schema";
import type { SignalDefinition } from "@kloros/signal-schema";
import { Value } from "@sinclair/typebox/value";
import type { TSchema } from "@sinclair/typebox";
import { bindSignal } from "../expression/bind_signal.ts";
import { fromCel } from "../expression/cel_values.ts";
import type { Expression } from "../expression/expression.ts";
import { trialSignal } from "./check_expression.ts";
import { expressionAt } from "./expression_at.ts";
import { meant } from "./reporter.ts";
import type { Reporter } from "./reporter.ts";
import type { FactSource, Rule } from "./rule.ts";
import type { RuleEntry } from "./rule_file_schema.ts";
import type { YamlPath } from "./yaml_places.ts";

/** Triggers that the engine may emit. */
export const emittable: ReadonlyMap<string, SignalDefinition> = new Map(
  [...signals].filter(
    ([, { emitters, kind }]) =>
      kind === "trigger" && emitters.some(({ service }) => service === "policy-engine"),
  ),
);

interface EmitRole {
  readonly on: readonly SignalDefinition[];
  readonly reporter: Reporter;
}

export function compileEmit(entry: RuleEntry, path: YamlPath, role: EmitRole): Rule["emit"] | undefined {
  const signal = emittable.get(entry.emit.signal);
  if (signal === undefined) {
    const known = findSignal(entry.emit.signal) !== undefined;
    const text = known
      ? `policy-engine may not emit ${entry.emit.signal}`
      : `there is no signal ${entry.emit.signal}`;
    role.reporter.at([...path, "signal"], text, meant(entry.emit.signal, [...emittable.keys()]));
    return undefined;
  }
  const given = entry.emit.facts ?? {};
  const facts = Object.entries(given).flatMap(([key, value]) => {
    const schema = propertyOf(signal, key);
    const at = [...path, "facts", key];
    if (schema === undefined) {
      const remedy = meant(key, Object.keys(signal.facts.properties));
      role.reporter.atKey(at, `${signal.name} has no fact "${key}"`, remedy);
      return [];
    }
    const source = sourceOf(key, value, at, role);
    if (source !== undefined) checkValue(source, schema, at, signal, role);
    return source === undefined ? [] : [source];
  });
  for (const key of signal.facts.required ?? []) {
    if (Object.hasOwn(given, key)) continue;
    const description = propertyOf(signal, key)?.description ?? "";
    role.reporter.at([...path, "facts"], `${signal.name} needs the fact "${key}"`, `add it: ${description}`);
  }
  return { signal, facts };
}

function propertyOf({ facts }: SignalDefinition, key: string): TSchema | undefined {
  return Object.hasOwn(facts.properties, key) ? facts.properties[key] : undefined;
}

const EXPRESSION = /^\$\{([^]*)\}$/;

function sourceOf(key: string, value: unknown, path: YamlPath, role: EmitRole): FactSource | undefined {
  if (typeof value !== "string" || !value.includes("${")) return { key, literal: value };
  const text = EXPRESSION.exec(value)?.[1];
  if (text === undefined) {
    const remedy = 'write the whole value as one expression: ${"text " + string(facts.x)}';
    role.reporter.at(path, `${key}: \${…} stands in the middle of a text`, remedy);
    return undefined;
  }
  const expression = expressionAt(
    text,
    path,
    { ...role, result: "any", variables: ["subjects"] },
    "${".length,
  );
  return expression === undefined ? undefined : { key, expression };
}

/** A literal is checked as it is, an expression by what it gives on the examples of the rule's signals. */
function checkValue(
  source: FactSource,
  schema: TSchema,
  path: YamlPath,
  signal: SignalDefinition,
  role: EmitRole,
): void {
  const values = "literal" in source ? [source.literal] : trialValues(source.expression, role.on);
  const required = signal.facts.required?.includes(source.key) ?? false;
  for (const value of values) {
    if (value === null && !required && "expression" in source) continue;
    const [error] = Value.Errors(schema, value);
    if (error === undefined) continue;
    const what = "literal" in source ? "it is" : "on an example of its signal it gives";
    const text = `${signal.name} does not take this ${source.key}: ${what} ${JSON.stringify(value)}`;
    role.reporter.at(path, text, `give: ${schema.description ?? error.message}`);
    return;
  }
}

/** What fails on an example may work on a real signal: it is judged when it meets one. */
function trialValues(expression: Expression, on: readonly SignalDefinition[]): readonly unknown[] {
  return on.flatMap(({ name, examples }) =>
    examples.flatMap((facts) => {
      const bound = bindSignal(trialSignal(name, facts), { wallMs: 0 });
      const result = expression.evaluate({ ...bound.bindings, subjects: ["a subject"] }, bound.listSizeMax);
      if (!result.ok) return [];
      try {
        return [fromCel(result.value)];
      } catch {
        return [];
      }
    }),
  );
}
