/** A condition and its subjects on one signal: what came out, part by part, with the values that were read. Pure. */
import { isCelList } from "@bufbuild/cel";
import type { Part } from "../decisions/decision_record.ts";
import { bindSignal } from "../expression/bind_signal.ts";
import type { BoundSignal, JudgedSignal } from "../expression/bind_signal.ts";
import type { Expression, ExpressionPart } from "../expression/expression.ts";
import { walk } from "../expression/walk.ts";
import type { Rule } from "../rules/rule.ts";
import { SUBJECT_LENGTH_MAX } from "./state.ts";

/** Subjects of one signal. As many as a list of facts may have. */
const SUBJECTS_MAX = 4096;
/** Characters of a value that is kept. */
const SHOWN_LENGTH_MAX = 200;

export type Judged =
  | { readonly kind: "met"; readonly parts: readonly Part[]; readonly subjects: readonly string[] }
  | { readonly kind: "condition_false"; readonly parts: readonly Part[] }
  | {
      readonly kind: "condition_error" | "no_subjects";
      readonly parts: readonly Part[];
      readonly reason: string;
    };

export function judge(rule: Rule, signal: JudgedSignal, wallMs: number): Judged {
  const bound = bindSignal(signal, { wallMs });
  const parts = rule.when?.parts.map((part) => judgePart(part, signal, bound)) ?? [];
  const met = rule.when?.evaluate(bound.bindings, bound.listSizeMax);
  if (met?.ok === false) return { kind: "condition_error", parts, reason: met.error };
  if (met !== undefined && typeof met.value !== "boolean") {
    return { kind: "condition_error", parts, reason: "the condition gives neither true nor false" };
  }
  if (met?.value === false) return { kind: "condition_false", parts };
  if (rule.subjects === undefined) return { kind: "met", parts, subjects: [] };
  const subjects = textsOf(rule.subjects, bound);
  if (typeof subjects === "string")
    return { kind: "condition_error", parts, reason: `subjects: ${subjects}` };
  if (subjects.length === 0) {
    return { kind: "no_subjects", parts, reason: "the signal names nothing to act on" };
  }
  return { kind: "met", parts, subjects };
}

/** A list of texts, each once; a text: why there is none. */
export function textsOf(expression: Expression, bound: BoundSignal): readonly string[] | string {
  const result = expression.evaluate(bound.bindings, bound.listSizeMax);
  if (!result.ok) return result.error;
  if (!isCelList(result.value)) return "the expression gives no list";
  const texts: string[] = [];
  for (const item of result.value) {
    if (typeof item !== "string" || item === "") return "the list holds what is no text, or an empty one";
    if (item.length > SUBJECT_LENGTH_MAX) {
      return `a subject has more than ${String(SUBJECT_LENGTH_MAX)} characters`;
    }
    texts.push(item);
  }
  if (texts.length > SUBJECTS_MAX) return `there are more than ${String(SUBJECTS_MAX)} subjects`;
  return [...new Set(texts)];
}

function judgePart(part: ExpressionPart, signal: JudgedSignal, bound: BoundSignal): Part {
  const result = part.evaluate(bound.bindings, bound.listSizeMax);
  const value =
    result.ok && typeof result.value === "boolean"
      ? result.value
      : { error: result.ok ? "neither true nor false" : result.error };
  return { text: part.text, value, reads: readsOf(part, signal) };
}

function readsOf(part: ExpressionPart, signal: JudgedSignal): Readonly<Record<string, string>> {
  const paths = walk(part.expr).reads.flatMap(({ path }) =>
    path.length > 1 && (path[0] === "facts" || path[0] === "signal") ? [path] : [],
  );
  const named = { name: signal.signal, id: signal.id, source: signal.source, timestamp: signal.timestamp };
  const roots: Readonly<Record<string, unknown>> = { facts: signal.facts, signal: named };
  return Object.fromEntries(paths.map((path) => [path.join("."), shown(valueAt(roots, path))]));
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  return value;
}

function shown(value: unknown): string {
  if (value === undefined) return "(missing)";
  const text = JSON.stringify(value);
  return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text;
}
