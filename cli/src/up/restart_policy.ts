/** When a service that died is started again, and when not at all. Pure. */

/** Exit codes of the daemon kit that another try cannot mend: usage, configuration. */
const HOPELESS = new Set([64, 78]);
/** Hopeless only as long as it never worked: directories that cannot be used, another instance that runs. */
const HOPELESS_AT_START = new Set([73, 75]);

const DELAY_MS_MIN = 200;
const DELAY_MS_MAX = 10_000;
/** A service that was ready for so long starts with a clean record. */
const STEADY_MS = 60_000;

export interface Death {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  /** It was ready at least once in this run of `up`. */
  readonly wasReady: boolean;
  readonly readyForMs: number;
  /** Deaths in a row before this one. */
  readonly deathsBefore: number;
}

export type AfterDeath =
  | { readonly kind: "give_up" }
  | { readonly kind: "restart"; readonly delayMs: number; readonly deathsInRow: number };

export function afterDeath(death: Death): AfterDeath {
  const { exitCode, wasReady, readyForMs, deathsBefore } = death;
  if (exitCode !== null && HOPELESS.has(exitCode)) return { kind: "give_up" };
  if (exitCode !== null && !wasReady && HOPELESS_AT_START.has(exitCode)) return { kind: "give_up" };
  const before = readyForMs >= STEADY_MS ? 0 : deathsBefore;
  return {
    kind: "restart",
    delayMs: Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** Math.min(before, 10)),
    deathsInRow: before + 1,
  };
}
