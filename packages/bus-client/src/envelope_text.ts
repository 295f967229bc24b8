/** Envelopes ↔ JSON text, validated in both directions: what is invalid neither leaves the process nor reaches a handler. */
import {
  checkEnvelope,
  ENVELOPE_LIMITS,
  type Envelope,
  type EnvelopeResult,
  parseEnvelope,
} from "@kloros/signal-schema";

export type Outbound =
  | { readonly ok: true; readonly text: string; readonly sizeBytes: number }
  | { readonly ok: false; readonly code: string; readonly text: string };

/** Writes an envelope once; the same text is checked, sent and stored. */
export function outbound(envelope: Envelope): Outbound {
  let text: string | undefined;
  try {
    text = JSON.stringify(envelope);
  } catch (error) {
    return { ok: false, code: "bad_envelope", text: `cannot be written as JSON: ${String(error)}` };
  }
  if (text === undefined) return { ok: false, code: "bad_envelope", text: "a signal is an object" };
  // Three bytes a UTF-16 unit at most: short texts need no counting.
  const sizeBytes = text.length * 3 <= ENVELOPE_LIMITS.sizeBytesMax ? text.length : Buffer.byteLength(text);
  const checked = checkEnvelope(envelope, sizeBytes);
  return checked.ok ? { ok: true, text, sizeBytes } : { ok: false, code: checked.code, text: checked.text };
}

export const inbound = (body: string): EnvelopeResult => parseEnvelope(body);
