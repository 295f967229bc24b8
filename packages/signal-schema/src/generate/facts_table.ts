/** The facts of a signal as rows of a table: nested facts by their dotted path, `[]` for the entries of a list. */
import type { TSchema } from "@sinclair/typebox";
import { isList, isObject, plainSchema } from "./plain_schema.ts";
import type { Json, JsonObject } from "./plain_schema.ts";

interface FactRow {
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
}

export function factRows(facts: TSchema): readonly FactRow[] {
  return rowsOf(plainSchema(facts), "");
}

function rowsOf(schema: JsonObject, prefix: string): readonly FactRow[] {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const required = schema["required"];
  const names = required !== undefined && isList(required) ? required : [];
  return Object.entries(properties).flatMap(([name, member]) => {
    if (!isObject(member)) return [];
    const path = `${prefix}${name}`;
    const row = { path, type: typeOf(member), required: names.includes(name), description: textOf(member) };
    return [row, ...nestedRows(member, path)];
  });
}

function nestedRows(member: JsonObject, path: string): readonly FactRow[] {
  const items = member["items"];
  return isObject(items) ? rowsOf(items, `${path}[].`) : rowsOf(member, `${path}.`);
}

function textOf(member: JsonObject): string {
  return typeof member["description"] === "string" ? member["description"] : "";
}

function typeOf(schema: Json | undefined): string {
  if (!isObject(schema)) return "anything";
  const { enum: words, anyOf, items, type } = schema;
  if (words !== undefined && isList(words)) return words.map((word) => `\`${shown(word)}\``).join(", ");
  if (anyOf !== undefined && isList(anyOf)) return anyOf.map(typeOf).join(" or ");
  if (items !== undefined) return `list of ${typeOf(items)}`;
  return `${typeof type === "string" ? type : "anything"}${rangeOf(schema)}`;
}

function rangeOf({ minimum, maximum }: JsonObject): string {
  if (minimum !== undefined && maximum !== undefined) return ` ${shown(minimum)} to ${shown(maximum)}`;
  return minimum === undefined ? "" : ` ≥ ${shown(minimum)}`;
}

function shown(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
