/**
 * What becomes of a signal at a consumer. It depends on the seed, the consumer and the signal's id alone, so that a second attempt,
 * a second instance and the checks at the end all know the same.
 */
export type Behaviour =
  /** Works, and is done. */
  | "done"
  /** Works longer than its lease: it has to be extended. */
  | "slow"
  /** Works longer than its handler may: it is stopped, and tried again. */
  | "overrun"
  /** The same, and does not listen when it is told to stop. */
  | "deaf"
  /** Fails some times first. */
  | "flaky"
  | "hopeless"
  | "terminal"
  /** Takes its process down, the first time. */
  | "crash"
  /** Takes its process down each time. */
  | "poison"
  /** Answers after the deadline. */
  | "late";

export interface Fate {
  readonly behaviour: Behaviour;
  readonly workMs: number;
  /** Attempts that fail, of a flaky one. */
  readonly failures: number;
  /** Whether what it leads to is said. A request whose worker says nothing is not answered. */
  readonly emits: boolean;
  /** Whether a failure comes after the effect. */
  readonly effectFirst: boolean;
}

export interface FateOdds {
  /** Some requests are never answered, and some too late: ten minutes and more pass. */
  readonly unanswered: boolean;
  /** By these consumers. */
  readonly of: readonly string[];
}

/** Out of a thousand; the rest is done at once. */
const ODDS: readonly (readonly [Behaviour, number, number, number])[] = [
  ["slow", 80, 900, 3500],
  ["overrun", 25, 7000, 9000],
  ["deaf", 10, 13_000, 15_000],
  ["flaky", 80, 0, 40],
  ["hopeless", 20, 0, 20],
  ["terminal", 25, 0, 30],
  ["crash", 20, 0, 100],
  ["poison", 8, 0, 60],
];
const QUICK_MS = 60;
const LATE_MS = 615_000;

export function fateOf(seed: number, consumer: string, id: string, odds: FateOdds): Fate {
  const bits = Bun.hash(`${consumer} ${id}`, BigInt(seed));
  const part = (shift: bigint, below: number): number => Number((bits >> shift) & 0xffffn) % below;
  const unanswered = odds.unanswered && odds.of.includes(consumer);
  const shape = {
    failures: 1 + part(16n, 3),
    emits: !(unanswered && part(24n, 100) < 12),
    effectFirst: part(32n, 2) === 0,
  };
  let draw = part(0n, 1000);
  if (unanswered && part(40n, 100) < 4) return { ...shape, behaviour: "late", workMs: LATE_MS };
  for (const [behaviour, share, from, to] of ODDS) {
    if (draw < share) return { ...shape, behaviour, workMs: from + part(48n, to - from) };
    draw -= share;
  }
  return { ...shape, behaviour: "done", workMs: part(48n, QUICK_MS) };
}
