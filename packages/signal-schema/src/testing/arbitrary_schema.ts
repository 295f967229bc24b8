/** TypeBox schema → fast-check arbitrary of values that it accepts. Knows the types that signals are made of; any other is a bug here. */
import type { TSchema } from "@sinclair/typebox";
import * as fc from "fast-check";

/** Long enough to vary, short enough to be fast. */
const listLengthTried = 4;
const textLengthTried = 24;

type Loose = Readonly<Record<string, unknown>>;

export function arbitraryValue(schema: TSchema): fc.Arbitrary<unknown> {
  const { anyOf } = schema as { readonly anyOf?: readonly TSchema[] };
  if (anyOf !== undefined) return fc.oneof(...anyOf.map(arbitraryValue));
  if ("const" in schema) return fc.constant(schema["const"]);
  const make = makers[String(schema["type"])];
  if (make === undefined) {
    if (schema["type"] === undefined) return fc.jsonValue({ maxDepth: 2 }).map(plain);
    throw new TypeError(
      `no arbitrary for schema type ${JSON.stringify(schema["type"])}: add one in testing/arbitrary_schema.ts`,
    );
  }
  return make(schema);
}

const makers: Readonly<Record<string, (schema: TSchema) => fc.Arbitrary<unknown>>> = {
  string: arbitraryText,
  integer: ({ minimum, maximum }: Loose) =>
    fc.integer({ min: numberOr(minimum, -1_000_000), max: numberOr(maximum, 1_000_000) }),
  number: ({ minimum, maximum }: Loose) =>
    fc
      .double({ min: numberOr(minimum, -1e12), max: numberOr(maximum, 1e12), noNaN: true })
      // JSON knows no negative zero.
      .map((value) => (value === 0 ? 0 : value)),
  boolean: () => fc.boolean(),
  null: () => fc.constant(null),
  array: ({ items }) => fc.array(arbitraryValue(items as TSchema), { maxLength: listLengthTried }),
  object: (schema) => (schema["properties"] === undefined ? arbitraryOpen() : arbitraryObject(schema)),
};

function arbitraryText({ pattern, minLength, maxLength }: Loose): fc.Arbitrary<string> {
  if (typeof pattern === "string") return fc.stringMatching(new RegExp(pattern));
  const max = Math.min(numberOr(maxLength, textLengthTried), textLengthTried);
  return fc.string({ minLength: numberOr(minLength, 0), maxLength: max, unit: "grapheme" });
}

function arbitraryObject({ properties, required }: Loose): fc.Arbitrary<unknown> {
  const members = Object.entries(properties as Readonly<Record<string, TSchema>>);
  return fc.record(Object.fromEntries(members.map(([key, member]) => [key, arbitraryValue(member)])), {
    requiredKeys: (required ?? []) as string[],
    noNullPrototype: true,
  });
}

function arbitraryOpen(): fc.Arbitrary<Loose> {
  return fc.dictionary(fc.stringMatching(/^[a-z_]{1,12}$/), fc.jsonValue({ maxDepth: 2 }).map(plain), {
    maxKeys: listLengthTried,
    noNullPrototype: true,
  });
}

/** As JSON would bring it back: no negative zero, no `__proto__` in disguise. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}
