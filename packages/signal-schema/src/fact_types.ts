/**
 * The vocabulary in which facts are described: each fact has a description, numbers have a unit (`x-unit`), lists and
 * texts have a bound. Objects stay open: a foreign sender may say more than we know.
 */
import { Type } from "@sinclair/typebox";
import type { Static, TProperties, TSchema, TUnsafe } from "@sinclair/typebox";

/** UTF-16 code units, as `maxLength` counts them. Enough for a path, a name, a reason. */
const textLengthMax = 4096;
/** A question may quote what raised it; existing prompts reach 35,000 characters (FACTS B8). */
const longTextLengthMax = 65_536;
const listLengthMax = 4096;
/** RFC 3339 in UTC, seconds or finer; validity of the day is left to the envelope's own check. */
const utcPattern =
  "^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?(Z|\\+00:00)$";

export const text = (description: string) => Type.String({ description, maxLength: textLengthMax });

export const longText = (description: string) => Type.String({ description, maxLength: longTextLengthMax });

/** Text that identifies something and so cannot be empty. */
export const name = (description: string) => Type.String({ description, minLength: 1, maxLength: 1024 });

export const flag = (description: string) => Type.Boolean({ description });

export const count = (description: string) => Type.Integer({ description, minimum: 0 });

export const integer = (description: string) => Type.Integer({ description });

/** A number that cannot be negative, with its unit (`h`, `s`, `ms`, …). */
export const quantity = (unit: string, description: string) =>
  Type.Number({ description: `${description} [${unit}]`, minimum: 0, "x-unit": unit });

export const number = (description: string) => Type.Number({ description });

/** 0 to 1. */
export const share = (description: string) => Type.Number({ description, minimum: 0, maximum: 1 });

export const utcTime = (description: string) =>
  Type.String({ description: `${description} [UTC, RFC 3339]`, pattern: utcPattern, "x-unit": "UTC" });

export const uuid = (description: string) =>
  Type.String({
    description,
    pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
  });

/** One of a few words. */
export const oneOf = <const Words extends readonly string[]>(
  words: Words,
  description: string,
): TUnsafe<Words[number]> =>
  Type.Unsafe<Words[number]>(
    Type.Union(
      words.map((word) => Type.Literal(word)),
      { description },
    ),
  );

/** Read-only in TypeScript, so that callers need not copy what they hold. */
export const list = <Item extends TSchema>(
  item: Item,
  description: string,
  lengthMax = listLengthMax,
): TUnsafe<readonly Static<Item>[]> =>
  Type.Unsafe<readonly Static<Item>[]>(Type.Array(item, { description, maxItems: lengthMax }));

/** Known properties; others are let through. */
export const object = <Properties extends TProperties>(properties: Properties, description: string) =>
  Type.Object(properties, { description });

/** Anything by name: what is inside is the sender's and the receiver's business. */
export const open = (description: string): TUnsafe<Readonly<Record<string, unknown>>> =>
  Type.Unsafe<Readonly<Record<string, unknown>>>(Type.Record(Type.String(), Type.Unknown(), { description }));

export const orNull = <Schema extends TSchema>(schema: Schema): TUnsafe<Static<Schema> | null> =>
  Type.Unsafe<Static<Schema> | null>(
    Type.Union([schema, Type.Null()], { description: schema.description ?? "" }),
  );

export const optional = <Schema extends TSchema>(schema: Schema) => Type.Optional(schema);

export const facts = <Properties extends TProperties>(properties: Properties) => Type.Object(properties);

export const priority = (description: string) => oneOf(["critical", "high", "normal", "low"], description);

/** Critical and high overtake. */
export const laneOfPriority = (word: string | undefined): "urgent" | "normal" =>
  word === "critical" || word === "high" ? "urgent" : "normal";
