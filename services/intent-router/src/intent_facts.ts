/** Reading fields of an intent tolerantly: from `data` first, else from the top level; never throws. */
import type { Intent } from "./parse_intent.ts";

type Json = Readonly<Record<string, unknown>>;

/** The value of `name` in `data`, else at the top level; null counts as absent. */
function pick(intent: Intent, name: string): unknown {
  return intent.data[name] ?? intent.fields[name] ?? undefined;
}

/** First of these fields that holds a non-empty text (numbers count), trimmed. */
export function pickText(intent: Intent, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = asText(pick(intent, name));
    if (text !== undefined) return text;
  }
  return undefined;
}

/** First of these fields that holds a finite number or the text of one. */
export function pickNumber(intent: Intent, ...names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = pick(intent, name);
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    if (typeof number === "number" && Number.isFinite(number)) return number;
  }
  return undefined;
}

/** First of these fields that holds an object; empty when none does. */
export function pickObject(intent: Intent, ...names: readonly string[]): Record<string, unknown> {
  for (const name of names) {
    const value = pick(intent, name);
    if (isObject(value)) return { ...value };
  }
  return {};
}

/** A list as texts: what is not a text becomes its JSON, a lone text a list of one. */
export function pickTexts(intent: Intent, name: string): string[] {
  const value = pick(intent, name);
  const list = Array.isArray(value) ? (value as readonly unknown[]) : value === undefined ? [] : [value];
  return list.map((item) => (typeof item === "string" ? item : JSON.stringify(item)));
}

function asText(value: unknown): string | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  return text === "" ? undefined : text;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
