/** Valid envelopes of any signal, and invalid ones with the code that they must be refused with. */
import * as fc from "fast-check";
import { arbitraryValue } from "./arbitrary_schema.ts";
import { signals } from "../catalogue.ts";
import type { EnvelopeErrorCode } from "../check_envelope.ts";
import type { FactsOf, SignalDefinition } from "../definition.ts";
import { ENVELOPE_LIMITS } from "../envelope.ts";
import type { Envelope } from "../envelope.ts";

/** Facts that the definition accepts, at times with some that it does not know. */
export function arbitraryFacts<D extends SignalDefinition>(definition: D): fc.Arbitrary<FactsOf<D>> {
  const known = arbitraryValue(definition.facts) as fc.Arbitrary<Record<string, unknown>>;
  const foreign = fc.option(fc.jsonValue({ maxDepth: 2 }), { nil: undefined });
  return fc
    .tuple(known, foreign)
    .map(([facts, extra]) =>
      extra === undefined ? facts : { ...facts, x_foreign: JSON.parse(JSON.stringify(extra)) as unknown },
    ) as fc.Arbitrary<FactsOf<D>>;
}

/** Any one of the catalogue. */
export function arbitraryDefinition(): fc.Arbitrary<SignalDefinition> {
  return fc.constantFrom(...signals.values());
}

/** A lower-case UUID of version 7. */
export function arbitraryId(): fc.Arbitrary<string> {
  return fc.uuid({ version: 7 });
}

/** Roots and followers, from each allowed source by each of its names, at times with a foreign top-level key. */
export function arbitraryEnvelope<D extends SignalDefinition>(
  ...[definition]: [] | [D]
): fc.Arbitrary<Envelope<FactsOf<D>>> {
  const chosen = definition === undefined ? arbitraryDefinition() : fc.constant(definition);
  return chosen.chain(envelopeOf) as fc.Arbitrary<Envelope<FactsOf<D>>>;
}

function envelopeOf(definition: SignalDefinition): fc.Arbitrary<Envelope> {
  const names = definition.emitters.flatMap(({ service, aliases }) => [service, ...aliases]);
  return fc
    .record({
      facts: arbitraryFacts(definition),
      source: fc.constantFrom(...names),
      timestamp: arbitraryTimestamp(),
      ids: fc.uniqueArray(arbitraryId(), { minLength: 3, maxLength: 3 }),
      hops: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: ENVELOPE_LIMITS.hopsMax })),
      foreign: fc.option(fc.string(), { nil: undefined }),
    })
    .map(({ ids: [id = "", trace = "", cause = ""], hops, foreign, ...rest }) => ({
      signal: definition.name,
      ...rest,
      id,
      ...(hops === 0 ? { trace: id } : { cause, trace }),
      hops,
      ...(foreign === undefined ? {} : { ecosystem: foreign }),
    }));
}

function arbitraryTimestamp(): fc.Arbitrary<string> {
  return fc
    .date({
      min: new Date("2000-01-01T00:00:00Z"),
      max: new Date("2100-01-01T00:00:00Z"),
      noInvalidDate: true,
    })
    .map((date) => date.toISOString());
}

/** One way to spoil a valid envelope, and the code of the refusal. */
export interface Mutation {
  readonly what: string;
  readonly code: EnvelopeErrorCode;
  readonly spoil: (envelope: Envelope) => unknown;
}

const without = (value: object, key: string): object =>
  Object.fromEntries(Object.entries(value).filter(([other]) => other !== key));

const nested = (levels: number): unknown => (levels === 0 ? [] : [nested(levels - 1)]);

export const mutations: readonly Mutation[] = [
  ...["signal", "timestamp", "source", "facts", "id", "trace", "hops"].map((key): Mutation => ({
    what: `without ${key}`,
    code: "bad_envelope",
    spoil: (it) => without(it, key),
  })),
  { what: "a list", code: "bad_envelope", spoil: (it) => [it] },
  { what: "null", code: "bad_envelope", spoil: () => null },
  {
    what: "an upper-case id",
    code: "bad_envelope",
    spoil: (it) => ({ ...it, id: "019A81EA-3040-7000-8000-00000000000A" }),
  },
  { what: "an id that is no UUID", code: "bad_envelope", spoil: (it) => ({ ...it, id: "42", trace: "42" }) },
  { what: "itself as cause", code: "bad_envelope", spoil: (it) => ({ ...it, cause: it.id }) },
  {
    what: "a local time",
    code: "bad_envelope",
    spoil: (it) => ({ ...it, timestamp: "2025-11-14T10:30:00.000" }),
  },
  {
    what: "30 February",
    code: "bad_envelope",
    spoil: (it) => ({ ...it, timestamp: "2024-02-30T10:30:00Z" }),
  },
  { what: "half a hop", code: "bad_envelope", spoil: (it) => ({ ...it, hops: 0.5 }) },
  {
    what: "hops without a cause",
    code: "bad_envelope",
    spoil: (it) => ({ ...without(it, "cause"), hops: 1 }),
  },
  {
    what: "another's trace at 0 hops",
    code: "bad_envelope",
    spoil: (it) => ({ ...it, hops: 0, trace: "019a81ea-3040-7000-8000-00000000000a" }),
  },
  { what: "facts as a list", code: "bad_envelope", spoil: (it) => ({ ...it, facts: [] }) },
  { what: "an empty source", code: "bad_envelope", spoil: (it) => ({ ...it, source: "" }) },
  {
    what: "an unknown name",
    code: "unknown_signal",
    spoil: (it) => ({ ...it, signal: `${it.signal}_LONGER` }),
  },
  {
    what: "too many hops",
    code: "too_many_hops",
    spoil: (it) => ({
      ...it,
      hops: ENVELOPE_LIMITS.hopsMax + 1,
      cause: "019a81ea-3040-7000-8000-00000000000b",
      trace: "019a81ea-3040-7000-8000-00000000000a",
    }),
  },
  {
    what: "facts too deep",
    code: "too_deep",
    spoil: (it) => ({ ...it, facts: { ...it.facts, x_deep: nested(ENVELOPE_LIMITS.depthMax) } }),
  },
  {
    what: "facts too large",
    code: "too_large",
    // Two bytes each in UTF-8: half as many characters suffice.
    spoil: (it) => ({ ...it, facts: { ...it.facts, x_large: "é".repeat(ENVELOPE_LIMITS.sizeBytesMax / 2) } }),
  },
  { what: "a fact of the wrong type", code: "bad_facts", spoil: withWrongFact },
];

/** The first declared fact gets a value of a type that it does not take. */
function withWrongFact(envelope: Envelope): unknown {
  const [name, schema] = Object.entries(signals.get(envelope.signal)?.facts.properties ?? {})[0] ?? [];
  if (name === undefined || schema === undefined) throw new TypeError(`${envelope.signal} declares no fact`);
  const wrong = schema["type"] === "object" ? "text" : { wrong: true };
  return { ...envelope, facts: { ...envelope.facts, [name]: wrong } };
}

export interface InvalidEnvelope {
  readonly what: string;
  readonly code: EnvelopeErrorCode;
  readonly value: unknown;
}

/** An envelope that must be refused with `code`. */
export function arbitraryInvalidEnvelope(): fc.Arbitrary<InvalidEnvelope> {
  return fc
    .tuple(arbitraryEnvelope(), fc.constantFrom(...mutations))
    .map(([envelope, { what, code, spoil }]) => ({ what, code, value: spoil(envelope) }));
}
