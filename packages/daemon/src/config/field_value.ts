/** From what was written to a value that the schema accepts. */
import type { TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { parseDurationMs } from "./duration.ts";
import type { Field } from "./field.ts";

/** `text`: environment and flags, where everything is a string; `toml`: already typed. */
export type RawKind = "text" | "toml";

export type FieldValue =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: string };

export function readFieldValue(field: Field, raw: unknown, kind: RawKind): FieldValue {
  const value = convert(field, raw, kind);
  if (Value.Check(field.schema, value)) return { ok: true, value };
  return { ok: false, problem: firstError(field.schema, value) };
}

function convert(field: Field, raw: unknown, kind: RawKind): unknown {
  if (typeof raw !== "string") return raw;
  if (isDuration(field)) return parseDurationMs(raw) ?? (kind === "text" ? asNumber(raw) : raw);
  return kind === "text" ? fromText(field.schema, raw) : raw;
}

/** Units stand last in names, so a number named `…Ms` is a duration. */
function isDuration(field: Field): boolean {
  const type: unknown = field.schema["type"];
  return (type === "integer" || type === "number") && (field.path.at(-1) ?? "").endsWith("Ms");
}

function fromText(schema: TSchema, text: string): unknown {
  const type: unknown = schema["type"];
  if (type === "integer" || type === "number") return asNumber(text);
  if (type === "boolean") return BOOLEANS[text.trim().toLowerCase()] ?? text;
  if (type === "array") return text.trim().startsWith("[") ? asJson(text) : asList(schema, text);
  if (type === "object") return asJson(text);
  return text;
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  "1": true,
  false: false,
  no: false,
  off: false,
  "0": false,
};

function asNumber(text: string): unknown {
  return /^\s*[+-]?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?\s*$/.test(text)
    ? Number(text.replaceAll("_", ""))
    : text;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** `a, b,c`; an empty text is an empty list. */
function asList(schema: TSchema, text: string): unknown {
  if (text.trim() === "") return [];
  const items = schema["items"] as TSchema | undefined;
  return text.split(",").map((part) => (items === undefined ? part.trim() : fromText(items, part.trim())));
}

function firstError(schema: TSchema, value: unknown): string {
  const found = Value.Errors(schema, value).First();
  if (found === undefined) return "is not allowed";
  const inside = found.path === "" ? "" : `at ${found.path.slice(1).replaceAll("/", ".")}: `;
  const message = found.message.charAt(0).toLowerCase() + found.message.slice(1);
  return `${inside}${message}`;
}

/** What may be written, in words. */
export function describeAllowed(field: Field): string {
  const base = describeSchema(field.schema);
  return isDuration(field) ? `${base} (ms), or a duration such as "500ms", "10s", "5m", "2h", "1d"` : base;
}

function describeSchema(schema: TSchema): string {
  const choices = choicesOf(schema);
  if (choices !== undefined) return choices.map((choice) => JSON.stringify(choice)).join(", ");
  const type: unknown = schema["type"];
  if (type === "integer") return `a whole number${range(schema)}`;
  if (type === "number") return `a number${range(schema)}`;
  if (type === "boolean") return "true or false";
  if (type === "string") return `a text${textLimits(schema)}`;
  if (type === "array")
    return `a list, each item ${describeSchema((schema["items"] as TSchema | undefined) ?? ({} as TSchema))}`;
  if (type === "object") return "a table";
  return "see its description";
}

function choicesOf(schema: TSchema): readonly unknown[] | undefined {
  if (schema["const"] !== undefined) return [schema["const"] as unknown];
  const any = schema["anyOf"] as readonly TSchema[] | undefined;
  if (any === undefined || !any.every((one) => one["const"] !== undefined)) return undefined;
  return any.map((one) => one["const"] as unknown);
}

function range(schema: TSchema): string {
  const low = schema["minimum"] as number | undefined;
  const high = schema["maximum"] as number | undefined;
  if (low !== undefined && high !== undefined) return ` from ${low} to ${high}`;
  if (low !== undefined) return `, at least ${low}`;
  return high === undefined ? "" : `, at most ${high}`;
}

function textLimits(schema: TSchema): string {
  const pattern = schema["pattern"] as string | undefined;
  const shortest = schema["minLength"] as number | undefined;
  const parts = [
    pattern === undefined ? "" : ` that matches ${pattern}`,
    shortest === undefined || shortest === 0 ? "" : `, not empty`,
  ];
  return parts.join("");
}
