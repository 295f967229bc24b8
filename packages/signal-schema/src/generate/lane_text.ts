/** What decides a signal's lane, found by asking its lane function about each word that a fact can be. */
import type { SignalDefinition } from "../definition.ts";
import { isList, isObject, plainSchema } from "./plain_schema.ts";

export function laneOf(definition: SignalDefinition): string {
  const conditions = Object.entries(wordsByFact(definition)).flatMap(([fact, words]) => {
    const urgent = words.filter((word) => laneWith(definition, fact, word) === "urgent");
    return urgent.length === 0 || urgent.length === words.length
      ? []
      : [`urgent when \`${fact}\` is ${urgent.map((word) => `\`${word}\``).join(" or ")}`];
  });
  return conditions.length > 0 ? conditions.join("; ") : laneWith(definition);
}

function laneWith(definition: SignalDefinition, fact?: string, word?: string): string {
  const example = definition.examples[0] ?? {};
  return definition.lane(fact === undefined ? example : { ...example, [fact]: word });
}

function wordsByFact({ facts }: SignalDefinition): Readonly<Record<string, readonly string[]>> {
  const { properties } = plainSchema(facts);
  if (!isObject(properties)) return {};
  return Object.fromEntries(
    Object.entries(properties).flatMap(([fact, schema]) => {
      const words = isObject(schema) ? schema["enum"] : undefined;
      return words !== undefined && isList(words)
        ? [[fact, words.filter((word) => typeof word === "string")]]
        : [];
    }),
  );
}
