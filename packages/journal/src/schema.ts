/**
 * What the journal's columns mean: numbers of states, and checksums that SQL computes over columns. The tables themselves are
 * in `migrations/`, one step a version.
 *
 * signal      what was said: one row a signal, never changed after its insert
 * consumer    who reads: definition, durable holder, running counts (written once a transaction)
 * subscription which names a consumer gets, and from which signal on; the fan-out joins it
 * delivery    how each consumer stands to each signal; LEASED is READY plus an entry in memory (consumers.ts)
 * deadletter  what was given up, rejected or reported, numbered
 * deadline    when each request must be answered, and how that ended
 * idmemo      ids of signals that were purged, for as long as they may be said again
 * state       a consumer's own state, by key
 * damage      rows that were found damaged, once each
 */

export const SCHEMA_VERSION = 2;

/** Numbers of `deadline.state`: stored, given to its worker, and how it ended. Only the first two are open. */
export const ARMED = 0;
export const RUNNING = 1;
export const ANSWERED = 2;
/** The timeout was said. */
export const FIRED = 3;
/** Nobody is left to answer: its consumer was removed or let its name go, or its request was cut as a loop. */
export const WITHDRAWN = 4;

/** Numbers of `delivery.state`. Open = READY or WAITING. */
export const READY = 0;
export const WAITING = 1;
export const DONE = 2;
export const SUPERSEDED = 3;
export const DEAD = 4;
export const DROPPED = 5;
export const DAMAGED = 6;

export const STATE_NAMES = ["ready", "waiting", "done", "superseded", "dead", "dropped", "damaged"] as const;

/** Columns of `delivery.suspect`: was in flight when its client vanished; 2: alone, and so has a strike for it. */
export const SUSPECT = 1;
export const SUSPECT_WITH_STRIKE = 2;

export const LANES = ["urgent", "normal"] as const;

const DELIVERY_NUMBERS = ["state", "lane", "attempt", "strikes", "suspect", "due"] as const;

/**
 * A delivery as SQL: it matches its checksum, and its numbers are numbers. An empty blob, one bit away from 0, counts as 0 in a
 * sum, and is like no state where it is compared.
 */
export function deliveryIntact(prefix = ""): string {
  const types = DELIVERY_NUMBERS.map((column) => `typeof(${prefix}${column}) = 'integer'`);
  return `(${prefix}sum = ${deliverySum({ prefix })} AND ${types.join(" AND ")})`;
}

/**
 * Checksum of a delivery as SQL over its columns, so that a range of rows is settled by one statement.
 * Odd factors modulo 2^32: a change of any one column by less than 2^32 changes the sum.
 */
export function deliverySum(columns: {
  readonly state?: string;
  readonly attempt?: string;
  readonly strikes?: string;
  readonly suspect?: string;
  readonly due?: string;
  readonly prefix?: string;
}): string {
  const p = columns.prefix ?? "";
  const {
    state = `${p}state`,
    attempt = `${p}attempt`,
    strikes = `${p}strikes`,
    suspect = `${p}suspect`,
    due = `${p}due`,
  } = columns;
  return (
    `((${p}seq * 31 + ${p}cid * 1000003 + (${state}) * 99991 + ${p}lane * 131071 + (${attempt}) * 524287 + ` +
    `(${strikes}) * 6700417 + (${suspect}) * 15485863 + (${due}) * 8191 + 2654435769) & 4294967295)`
  );
}
