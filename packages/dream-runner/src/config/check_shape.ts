import { KindGuard, type TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { nearestName } from "@kloros/daemon";
import type { FileProblem } from "../file_problem.ts";
import type { YamlPath, YamlPlaces } from "./yaml_places.ts";

const VALUE_SHOWN_MAX = 80;
const PROBLEMS_MAX = 100;

/** What of the value at `path` does not fit the schema; one problem a place. */
export function checkShape(
  places: YamlPlaces,
  schema: TSchema,
  value: unknown,
  path: YamlPath,
): FileProblem[] {
  const seen = new Set<string>();
  const problems: FileProblem[] = [];
  for (const error of Value.Errors(schema, value)) {
    if (seen.has(error.path) || problems.length >= PROBLEMS_MAX) continue;
    seen.add(error.path);
    const at = [...path, ...pointerSteps(error.path)];
    problems.push(places.problem(at, wrongText(at, error.value), remedyOf(error.schema)));
  }
  return problems;
}

/** `/experiments/0/name` → steps; digits address lists and mappings alike. */
function pointerSteps(pointer: string): (string | number)[] {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

function wrongText(path: YamlPath, value: unknown): string {
  const name = pathText(path);
  return value === undefined ? `${name} is missing` : `${name} is ${shown(value)}`;
}

/** `experiments[0].budget.max_candidates`. */
export function pathText(path: YamlPath): string {
  const text = path.map((step) => (typeof step === "number" ? `[${String(step)}]` : `.${step}`)).join("");
  return text === "" ? "the file" : text.replace(/^\./, "");
}

export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > VALUE_SHOWN_MAX ? `${text.slice(0, VALUE_SHOWN_MAX)}…` : text;
}

function remedyOf(schema: TSchema): string {
  const remedy: unknown = schema["remedy"];
  return typeof remedy === "string" ? remedy : "write a value that fits";
}

/**
 * The value without the optional keys behind which nothing stands (`init_kwargs:`): they count as not written. A flag
 * without a value stays, and is a problem: nobody knows which way it was meant.
 */
export function withoutEmpty(schema: TSchema, value: unknown): unknown {
  if (!KindGuard.IsObject(schema) || typeof value !== "object" || value === null || Array.isArray(value)) {
    return value;
  }
  const entries = Object.entries(value).flatMap(([key, inner]: [string, unknown]): [string, unknown][] => {
    const child = Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    if (child === undefined) return [[key, inner]];
    const isEmpty = inner === null && KindGuard.IsOptional(child) && !KindGuard.IsBoolean(child);
    return isEmpty ? [] : [[key, withoutEmpty(child, inner)]];
  });
  return Object.fromEntries(entries);
}

/** Keys that the schema does not name. They are kept, and change nothing. */
export function unknownKeys(
  places: YamlPlaces,
  schema: TSchema,
  value: unknown,
  path: YamlPath,
): FileProblem[] {
  if (!KindGuard.IsObject(schema) || typeof value !== "object" || value === null || Array.isArray(value)) {
    return [];
  }
  const known = schema.properties;
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = [...path, key];
    const child = known[key];
    if (child !== undefined) return unknownKeys(places, child, inner, at);
    const near = nearestName(key, Object.keys(known));
    const remedy = near === undefined ? "remove it if nothing else reads it" : `did you mean ${near}?`;
    return [places.keyProblem(at, `${pathText(at)} is not known here and is ignored`, remedy)];
  });
}
