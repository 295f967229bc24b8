/** Facts into CEL and values out of it. Pure. */
import { isCelList, isCelMap, isCelUint } from "@bufbuild/cel";
import type { CelInput } from "@bufbuild/cel";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { TSchema } from "@sinclair/typebox";

/**
 * A fact's schema says what its number is: an integer becomes a CEL int, any other number a double. Where the schema is
 * silent (what a sender added on its own) a number is a double.
 */
export function toCel(value: unknown, schema?: TSchema): CelInput {
  if (typeof value === "number") {
    return isIntegerSchema(schema) && Number.isSafeInteger(value) ? BigInt(value) : value;
  }
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  if (Array.isArray(value)) {
    const items = schema?.["items"] as TSchema | undefined;
    return value.map((item) => toCel(item, items));
  }
  if (typeof value === "object" && value !== undefined) {
    const properties = schema?.["properties"] as Readonly<Record<string, TSchema>> | undefined;
    // A map, so that a fact of any name is a fact: an object's own names (`__proto__`) are none.
    return new Map(
      Object.entries(value).map(([key, member]) => [key, toCel(member, ownOf(properties, key))] as const),
    );
  }
  return null;
}

function ownOf(properties: Readonly<Record<string, TSchema>> | undefined, key: string): TSchema | undefined {
  return properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
}

function isIntegerSchema(schema: TSchema | undefined): boolean {
  if (schema === undefined) return false;
  if (schema["type"] === "integer") return true;
  const variants = schema["anyOf"] as readonly TSchema[] | undefined;
  return variants !== undefined && variants.some(isIntegerSchema);
}

/** CEL's timestamp of a moment, UTC ms. */
export function celTime(atMs: number): CelInput {
  return timestampFromMs(atMs);
}

class NoJsonError extends Error {
  override readonly name = "NoJsonError";
}

/** A CEL value as JSON. Throws a `NoJsonError` for what JSON has no word for. */
export function fromCel(value: unknown): unknown {
  if (typeof value === "bigint") {
    const number = Number(value);
    if (!Number.isSafeInteger(number))
      throw new NoJsonError(`${String(value)} is too large for a JSON number`);
    return number;
  }
  if (isCelUint(value)) return fromCel(value.value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new NoJsonError(`${String(value)} is no JSON number`);
    return value;
  }
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  if (isCelList(value)) return [...value].map(fromCel);
  if (isCelMap(value)) {
    return Object.fromEntries([...value].map(([key, member]) => [String(fromCel(key)), fromCel(member)]));
  }
  throw new NoJsonError("a time or a type is no JSON value; make it a text with string(…)");
}

/** The longest list in it, at any depth: what a loop may have to run through. */
export function longestList(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const members = Object.values(value as Record<string, unknown>);
  return Math.max(members.length, ...members.slice(0, LISTS_LOOKED_AT_MAX).map(longestList));
}

/** `Math.max` takes its arguments from the stack. */
const LISTS_LOOKED_AT_MAX = 10_000;
