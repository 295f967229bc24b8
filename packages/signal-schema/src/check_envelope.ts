/**
 * The one check that every signal passes at publish and at receive. The valid case is the hot path: no allocation but
 * the result. Only a refusal takes the time to say everything that is wrong.
 *
 * What fits together: a root has `trace` = its own `id` and 0 hops; every other signal has hops and a cause.
 */
import { findSignal } from "./catalogue.ts";
import type { SignalDefinition } from "./definition.ts";
import { deeperThan } from "./depth.ts";
import { ENVELOPE_LIMITS } from "./envelope.ts";
import type { Envelope } from "./envelope.ts";
import { isUtcTimestamp } from "./utc_timestamp.ts";
import { isUuid } from "./uuid.ts";
import { shown, validateFacts, validatorOf } from "./validate_facts.ts";

export type EnvelopeErrorCode =
  | "not_json"
  | "bad_envelope"
  | "unknown_signal"
  | "bad_facts"
  | "too_large"
  | "too_deep"
  | "too_many_hops";

export type EnvelopeResult =
  | { readonly ok: true; readonly envelope: Envelope; readonly definition: SignalDefinition }
  | { readonly ok: false; readonly code: EnvelopeErrorCode; readonly text: string };

type Loose = Readonly<Record<string, unknown>>;

const sourceLengthMax = 128;

/** `sizeBytes`: of the JSON text in UTF-8 that `value` was parsed from. */
export function checkEnvelope(value: unknown, sizeBytes: number): EnvelopeResult {
  if (sizeBytes > ENVELOPE_LIMITS.sizeBytesMax) return tooLarge(sizeBytes);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse("bad_envelope", `a signal is a JSON object, got ${shown(value)}`);
  }
  const loose = value as Loose;
  if (deeperThan(loose, ENVELOPE_LIMITS.depthMax)) {
    return refuse(
      "too_deep",
      `signal nests deeper than ${ENVELOPE_LIMITS.depthMax} levels: flatten its facts`,
    );
  }
  if (!isEnvelope(loose))
    return refuse("bad_envelope", `signal ${shown(loose["signal"])}: ${faultsOf(loose).join("; ")}`);
  if (loose.hops > ENVELOPE_LIMITS.hopsMax) return tooManyHops(loose);
  const definition = findSignal(loose.signal);
  if (definition === undefined) {
    return refuse(
      "unknown_signal",
      `signal ${shown(loose.signal)} is not known: see docs/reference/signals.md for those that are`,
    );
  }
  if (validatorOf(definition).Check(loose.facts)) return { ok: true, envelope: loose, definition };
  const { text } = validateFacts(definition, loose.facts) as { readonly text: string };
  return refuse("bad_facts", text);
}

/** For a value that has no text yet; its size is that of `JSON.stringify`. */
export function validateEnvelope(value: unknown): EnvelopeResult {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    return refuse("bad_envelope", `signal cannot be written as JSON: ${String(error)}`);
  }
  return checkEnvelope(value, sizeOf(text ?? ""));
}

/** JSON text → valid envelope, or why not. */
export function parseEnvelope(text: string): EnvelopeResult {
  const sizeBytes = sizeOf(text);
  // Before parsing: what is too large is not worth it.
  if (sizeBytes > ENVELOPE_LIMITS.sizeBytesMax) return tooLarge(sizeBytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse("not_json", `${String(error)} in signal text ${shown(text)}`);
  }
  return checkEnvelope(value, sizeBytes);
}

function sizeOf(text: string): number {
  // A UTF-16 unit becomes three bytes at most: short texts need no counting.
  return text.length * 3 <= ENVELOPE_LIMITS.sizeBytesMax ? text.length : Buffer.byteLength(text);
}

function isEnvelope(value: Loose): value is Envelope {
  const { signal, timestamp, source, facts, id, cause, trace, hops } = value as Partial<Envelope>;
  return (
    typeof signal === "string" &&
    typeof id === "string" &&
    isUuid(id) &&
    isHops(hops) &&
    (hops === 0 ? trace === id : typeof trace === "string" && trace !== id && isUuid(trace)) &&
    (cause === undefined ? hops === 0 : typeof cause === "string" && cause !== id && isUuid(cause)) &&
    typeof timestamp === "string" &&
    isUtcTimestamp(timestamp) &&
    isSource(source) &&
    isObject(facts)
  );
}

const isHops = (hops: unknown): hops is number => Number.isSafeInteger(hops) && (hops as number) >= 0;
const isSource = (source: unknown): source is string =>
  typeof source === "string" && source.length > 0 && source.length <= sourceLengthMax;
const isObject = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isId = (value: unknown): value is string => typeof value === "string" && isUuid(value);

/** All faults, by path. Says at least one whenever `isEnvelope` says no. */
function faultsOf({ signal, timestamp, source, facts, id, cause, trace, hops }: Loose): string[] {
  const faults: string[] = [];
  const fault = (path: string, wanted: string, value: unknown): void => {
    faults.push(
      value === undefined
        ? `/${path} is missing (${wanted})`
        : `/${path}: expected ${wanted}, got ${shown(value)}`,
    );
  };
  if (typeof signal !== "string") fault("signal", "a name", signal);
  if (typeof timestamp !== "string" || !isUtcTimestamp(timestamp))
    fault("timestamp", "a time in UTC, RFC 3339", timestamp);
  if (!isSource(source))
    fault("source", `the emitting service, at most ${sourceLengthMax} characters`, source);
  if (!isObject(facts)) fault("facts", "an object", facts);
  if (!isId(id)) fault("id", "a lower-case UUID", id);
  if (!isId(trace)) fault("trace", "a lower-case UUID", trace);
  if (!isHops(hops)) fault("hops", "a whole number from 0", hops);
  if (cause !== undefined && !isId(cause)) fault("cause", "a lower-case UUID, or none", cause);
  return faults.length > 0 ? faults : misfitsOf({ id, cause, trace, hops });
}

function misfitsOf({ id, cause, trace, hops }: Loose): string[] {
  const misfits: string[] = [];
  if (hops === 0 && trace !== id) misfits.push("/trace: with 0 hops it is the signal's own id");
  if (hops !== 0 && trace === id) misfits.push("/hops: a signal that is its own trace has 0");
  if (hops !== 0 && cause === undefined) misfits.push("/cause is missing: a signal with hops has one");
  if (cause === id) misfits.push("/cause: a signal does not cause itself");
  return misfits;
}

function refuse(code: EnvelopeErrorCode, text: string): EnvelopeResult {
  return { ok: false, code, text };
}

function tooLarge(sizeBytes: number): EnvelopeResult {
  return refuse(
    "too_large",
    `signal has ${sizeBytes} bytes, at most ${ENVELOPE_LIMITS.sizeBytesMax} are taken: put the bulk into a file and name it`,
  );
}

function tooManyHops({ signal, hops }: Envelope): EnvelopeResult {
  return refuse(
    "too_many_hops",
    `${signal} stands ${hops} hops from its root, at most ${ENVELOPE_LIMITS.hopsMax} are allowed: something goes round in circles`,
  );
}
