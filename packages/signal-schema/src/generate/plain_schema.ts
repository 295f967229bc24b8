/** TypeBox schema → the plain JSON Schema that people and other tools read. */
import type { TSchema } from "@sinclair/typebox";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

/** Without TypeBox's symbols; a union of words becomes an `enum`. */
export function plainSchema(schema: TSchema): JsonObject {
  return simplify(JSON.parse(JSON.stringify(schema)) as Json) as JsonObject;
}

function simplify(value: Json): Json {
  if (isList(value)) return value.map(simplify);
  if (typeof value !== "object" || value === null) return value;
  const words = wordsOf(value["anyOf"]);
  if (words === undefined) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, simplify(member)]));
  }
  const { anyOf: _, ...rest } = value;
  return { ...rest, type: "string", enum: words };
}

function wordsOf(anyOf: Json | undefined): readonly string[] | undefined {
  if (anyOf === undefined || !isList(anyOf)) return undefined;
  const words = anyOf.map((member) => (isObject(member) ? member["const"] : undefined));
  return words.every((word) => typeof word === "string") ? words : undefined;
}

export function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
