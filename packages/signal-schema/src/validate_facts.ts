/** Compiled validators, one a definition, made when first needed: a program that handles two signals compiles two. */
import type { Static, TObject } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import type { TypeCheck, ValueError } from "@sinclair/typebox/compiler";
import type { SignalDefinition } from "./definition.ts";

/** More errors than this help nobody. */
const errorsMax = 20;
const shownLengthMax = 60;

const compiled = new WeakMap<TObject, TypeCheck<TObject>>();

export function validatorOf(definition: SignalDefinition): TypeCheck<TObject> {
  const known = compiled.get(definition.facts);
  if (known !== undefined) return known;
  const made = TypeCompiler.Compile(definition.facts);
  compiled.set(definition.facts, made);
  return made;
}

export type FactsResult<Facts> =
  | { readonly ok: true; readonly facts: Facts }
  | { readonly ok: false; readonly code: "bad_facts"; readonly text: string };

/** All errors at once, each with its path below `/facts`. */
export function validateFacts<Name extends string, Schema extends TObject>(
  definition: SignalDefinition<Name, Schema>,
  facts: unknown,
): FactsResult<Static<Schema>> {
  const validator = validatorOf(definition);
  if (validator.Check(facts)) return { ok: true, facts: facts };
  const errors = describeErrors(validator.Errors(facts));
  return { ok: false, code: "bad_facts", text: `${definition.name}: ${errors.join("; ")}` };
}

function describeErrors(errors: Iterable<ValueError>): string[] {
  const texts = new Map<string, string>();
  for (const error of errors) {
    // The first error at a path says it best ("required" comes before "expected string").
    if (!texts.has(error.path)) texts.set(error.path, describeError(error));
    if (texts.size > errorsMax) return [...[...texts.values()].slice(0, errorsMax), "and more"];
  }
  return [...texts.values()];
}

function describeError({ path, message, value, schema }: ValueError): string {
  const where = `/facts${path}`;
  if (value === undefined) return `${where} is missing (${schema.description ?? "required"})`;
  const words = literalsOf(schema["anyOf"]);
  const expected = words === undefined ? lowerFirst(message) : `expected one of ${words.join(", ")}`;
  return `${where}: ${expected}, got ${shown(value)}`;
}

function literalsOf(anyOf: unknown): string[] | undefined {
  if (!Array.isArray(anyOf)) return undefined;
  const literals = anyOf.map((member: { readonly const?: unknown }) => member.const);
  return literals.every((literal) => typeof literal === "string") ? literals : undefined;
}

const lowerFirst = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1);

/** A value as an error message shows it: as JSON, shortened. */
export function shown(value: unknown): string {
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const text = typeof value === "string" ? JSON.stringify(value.slice(0, shownLengthMax + 1)) : String(value);
  return text.length > shownLengthMax ? `${text.slice(0, shownLengthMax)}…` : text;
}
