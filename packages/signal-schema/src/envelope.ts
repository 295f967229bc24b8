/**
 * The envelope: what every signal carries besides its facts.
 *
 * The first four keys are the original schema of KLoROS and never change meaning. Unknown top-level keys of
 * foreign senders are kept, not rejected.
 */
export interface Envelope<Facts extends object = Record<string, unknown>> {
  /** `Q_<ACTION>_<STATE>`. */
  readonly signal: string;
  /** UTC, RFC 3339 with milliseconds. */
  readonly timestamp: string;
  /** The emitting service; the bus checks it against the sender's credentials. */
  readonly source: string;
  /** All that a receiver needs; shape given by the signal's definition. */
  readonly facts: Facts;
  /** UUIDv7, or derived from the parent (see `deriveId`). The unit of idempotency. */
  readonly id: string;
  /** Id of the signal that led to this one; absent for a root. */
  readonly cause?: string;
  /** Id of the root of this chain; a root's own id. */
  readonly trace: string;
  /** Length of the chain from the root; 0 for a root. */
  readonly hops: number;
  readonly [foreign: string]: unknown;
}

/** Limits of DESIGN 3.1. A signal beyond one of them is refused with `invalid`. */
export const ENVELOPE_LIMITS = {
  /** Of the JSON text in UTF-8, bytes. */
  sizeBytesMax: 256 * 1024,
  /** Nesting of objects and arrays, the envelope itself being 1. */
  depthMax: 32,
  hopsMax: 32,
} as const;
