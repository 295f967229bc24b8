/** The settings of a section, as a flat list read off its schema. */
import type { TObject, TSchema } from "@sinclair/typebox";
import { isSecretName } from "../secret_names.ts";

export interface Field {
  readonly path: readonly string[];
  /** `path` with dots, as written in TOML. */
  readonly key: string;
  readonly schema: TSchema;
  readonly description: string;
  readonly secret: boolean;
}

/** Nested object schemas are taken apart; anything else (also a record or a list) is one field. */
export function fieldsOf(section: TObject): readonly Field[] {
  return walk(section, []);
}

function walk(node: TObject, above: readonly string[]): readonly Field[] {
  return Object.entries(node.properties).flatMap(([name, schema]) => {
    const path = [...above, name];
    if (isTable(schema)) return walk(schema, path);
    const secret = schema["secret"] === true || isSecretName(name);
    return [{ path, key: path.join("."), schema, description: schema.description ?? "", secret }];
  });
}

/** An object whose keys are settings; a record, whose keys are data, is not one. */
export function isTable(schema: TSchema): schema is TObject {
  return schema["type"] === "object" && schema["properties"] !== undefined;
}

/** `KLOROS_INTENT_ROUTER_SCAN_INTERVAL_MS` for section `intent-router`, `scanIntervalMs`. */
export function environmentName(section: string, field: Field): string {
  const head = section === COMMON_SECTION ? [] : [section];
  return ["kloros", ...head, ...field.path].map(upperSnake).join("_");
}

export function upperSnake(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll("-", "_")
    .toUpperCase();
}

/** Settings that every service has. */
export const COMMON_SECTION = "kloros";
