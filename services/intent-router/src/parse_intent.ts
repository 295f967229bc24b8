/**
 * Bytes of a file → an intent, or why not.
 *
 * Two kinds of "not": `unfinished` is text that could still become JSON while its writer goes on (old writers write in
 * place), so it is worth waiting for; `broken` is complete JSON of the wrong shape, which no further write completes.
 */
import { deeperThan } from "@kloros/signal-schema";

type Json = Readonly<Record<string, unknown>>;

export interface Intent {
  /** `type`, or if empty `intent_type`; "" when neither says anything. The file's name may lie, the content rules. */
  readonly type: string;
  /** The whole object. */
  readonly fields: Json;
  /** `data` when it is an object, else empty. */
  readonly data: Json;
  /** What stands in `data`, for error messages. */
  readonly dataShape: "object" | "absent" | "null" | "list" | "scalar";
}

export type ParseResult =
  | { readonly kind: "parsed"; readonly intent: Intent }
  | { readonly kind: "unfinished"; readonly reason: string }
  | { readonly kind: "broken"; readonly reason: string };

/** Never throws, whatever the bytes. A UTF-8 byte order mark is skipped. */
export function parseIntent(bytes: Uint8Array): ParseResult {
  if (bytes.length === 0) return { kind: "unfinished", reason: "the file is empty" };
  const text = decode(bytes);
  if (text === undefined) return { kind: "unfinished", reason: "the content is not UTF-8" };
  if (text.trim() === "") return { kind: "unfinished", reason: "the file holds only white space" };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { kind: "unfinished", reason: describeSyntax(text, error) };
  }
  if (!isObject(value)) {
    return { kind: "broken", reason: `the content is ${nameShape(value)}, an intent is a JSON object` };
  }
  // What nests by the ten thousand can be read here and not be written again.
  if (deeperThan(value, DEPTH_MAX)) {
    return { kind: "broken", reason: `the content nests deeper than ${DEPTH_MAX} levels; flatten it` };
  }
  return { kind: "parsed", intent: toIntent(value) };
}

/** Above what a signal may nest: some of it becomes text. */
const DEPTH_MAX = 100;

function decode(bytes: Uint8Array): string | undefined {
  try {
    // The decoder drops a leading byte order mark.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function describeSyntax(text: string, error: unknown): string {
  // Python writes these three bare words; here and in RFC 8259 they are not JSON.
  const word = /[:[,]\s*(-?Infinity|NaN)\b/.exec(text)?.[1];
  if (word !== undefined) return `the content holds ${word}, which is not JSON; write null instead`;
  return `the content is not JSON: ${error instanceof Error ? error.message : String(error)}`;
}

function toIntent(fields: Json): Intent {
  const data = fields["data"];
  const type = firstText(fields["type"], fields["intent_type"]);
  return { type, fields, data: isObject(data) ? data : {}, dataShape: shapeOfData(data) };
}

function firstText(...candidates: readonly unknown[]): string {
  for (const candidate of candidates) {
    if (typeof candidate === "string" && candidate.trim() !== "") return candidate.trim();
  }
  return "";
}

function shapeOfData(data: unknown): Intent["dataShape"] {
  if (data === undefined) return "absent";
  if (data === null) return "null";
  if (Array.isArray(data)) return "list";
  return typeof data === "object" ? "object" : "scalar";
}

function nameShape(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return `a ${typeof value}`;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
