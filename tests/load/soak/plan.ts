/** What a soak is: how long, how fast, and with which limits of the bus; and what follows from them. */
export interface SoakPlan {
  readonly minutes: number;
  readonly signalsPerS: number;
}

/** Scaled down from days, so that all of it happens many times in an hour and at least once in two minutes. */
export const RETENTION = { ageMs: 20_000, rememberMs: 30_000 } as const;
/** How old dead letters become here: the operator's `kloros dlq purge`. */
export const LETTERS = { ageMs: 15_000, everyMs: 5000 } as const;
export const LOGS = { bytesMax: 1024 * 1024, keep: 3 } as const;

/** packages/journal upkeep.ts: between two rounds of retention. */
const ROUND_MS = 60_000;
/** Steps of 500 rows each 100 ms, and a machine that is busy. */
const SLACK_MS = 30_000;

/** signal-schema: a dead letter does not answer a question, which stays until its deadline fired. */
const DEADLINE_MS = 10 * 60_000;

/** Twice what a signal takes in the rows and indexes of the journal when it has two deliveries; the impossible ones apart. */
const BYTES_PER_SIGNAL = 4096;
const BYTES_PER_ID = 512;
/** An impossible question, in `signal` and in `deadletter`. */
const BYTES_PER_LETTER = 2 * 190_000;
const MIB = 1024 * 1024;

export interface Bounds {
  readonly rows: { readonly signal: number; readonly idmemo: number; readonly deadletter: number };
  readonly journalMb: number;
  readonly walMb: number;
  readonly deadLetterFilesMb: number;
  readonly logsMb: number;
  readonly busRssMb: number;
  readonly clientRssMb: number;
  /** More descriptors than at the start. */
  readonly moreFds: number;
}

/** Retention arithmetic: what may be there at once, at most. `logs`: how many processes write one. */
export function boundsOf({ minutes, signalsPerS }: SoakPlan, logs: number): Bounds {
  const perMs = signalsPerS / 1000;
  const idmemo = Math.ceil((RETENTION.rememberMs + ROUND_MS + SLACK_MS) * perMs);
  const letterMs = LETTERS.ageMs + LETTERS.everyMs + SLACK_MS;
  // 11 of 42 signals are questions, and of these every 50th is impossible; +1: rounding.
  const lettersPerMs = (perMs * 11) / 42 / 50;
  // A dead letter, and ten minutes later a reported timeout.
  const deadletter = 2 * (Math.ceil(letterMs * lettersPerMs) + 1);
  const keptMs = Math.min(minutes * 60_000, DEADLINE_MS) + RETENTION.ageMs + ROUND_MS + SLACK_MS;
  const letters = deadletter + Math.ceil(keptMs * lettersPerMs);
  const signal = Math.ceil((RETENTION.ageMs + ROUND_MS + SLACK_MS) * perMs) + letters;
  const journal = signal * BYTES_PER_SIGNAL + idmemo * BYTES_PER_ID + letters * BYTES_PER_LETTER;
  return {
    rows: { signal, idmemo, deadletter },
    journalMb: journal / MIB,
    // upkeep.ts empties it beyond 64 MiB; SQLite begins it anew at 8.
    walMb: 64 + 8,
    // dead_letter_mirror.ts: the file and three before it, each 16 MiB and a page of letters.
    deadLetterFilesMb: 4 * (16 + 1),
    logsMb: (logs * (LOGS.keep + 1) * LOGS.bytesMax) / MIB,
    // Runtime, SQLite's page caches of 16 MiB, the loop guard's 5 MiB, windows of five clients, garbage not collected yet.
    busRssMb: 256,
    clientRssMb: 200,
    moreFds: 16,
  };
}
