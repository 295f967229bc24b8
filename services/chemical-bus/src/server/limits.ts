/** A limit on everything that a client can make the bus hold. */
export interface ServerLimits {
  /** Clients at once, those that lost their connection a moment ago included. */
  readonly sessionsMax: number;
  /** Messages handled between two commits, so that answers are never far. */
  readonly drainMax: number;
  /** Bytes handled between two commits. */
  readonly drainBytesMax: number;
  /** A client that says nothing for so long (it pings every second) may be displaced by another instance of its service, ms. */
  readonly silenceMs: number;
  /** After so long without a word its session is over, ms. Longer: it may compute, and its leases end by themselves. */
  readonly abandonMs: number;
  /** A client whose connection was lost keeps its leases for so long, to come back, ms. */
  readonly returnMs: number;
  /** JSON text of one answer to READ, bytes: pages are cut to it. */
  readonly pageBytesMax: number;
}

export const SERVER_LIMITS: ServerLimits = {
  sessionsMax: 256,
  drainMax: 2000,
  drainBytesMax: 32 * 1024 * 1024,
  silenceMs: 10_000,
  abandonMs: 60_000,
  returnMs: 5000,
  pageBytesMax: 4 * 1024 * 1024,
};
