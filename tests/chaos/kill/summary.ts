/** What rounds of kills came to. */
import type { RoundResult } from "./kill_round.ts";

export interface Summary {
  /** Of the first round. */
  readonly seed: number;
  readonly rounds: number;
  /** kill -9 that met a running process. */
  readonly kills: number;
  readonly killsOf: Readonly<Record<string, number>>;
  /** Signals that the witness was told are on disk. */
  readonly acknowledged: number;
  readonly lost: number;
  readonly doubled: number;
  /** Modules, intents and promotions: each one's effects were counted. */
  readonly asked: number;
  /** Runs of `kloros audit` and `kloros journal verify`. */
  readonly audits: number;
  /** Deliveries that were given up after three kills, as designed, and brought back. */
  readonly poison: number;
  /** What was wrong, each with the seed of its round. */
  readonly flaws: readonly string[];
}

export const NOTHING: Summary = {
  seed: 0,
  rounds: 0,
  kills: 0,
  killsOf: {},
  acknowledged: 0,
  lost: 0,
  doubled: 0,
  asked: 0,
  audits: 0,
  poison: 0,
  flaws: [],
};

export function added(summary: Summary, seed: number, round: RoundResult): Summary {
  const killsOf = { ...summary.killsOf };
  for (const [service, count] of Object.entries(round.kills))
    killsOf[service] = (killsOf[service] ?? 0) + count;
  return {
    seed: summary.seed,
    rounds: summary.rounds + 1,
    kills: Object.values(killsOf).reduce((sum, count) => sum + count, 0),
    killsOf,
    acknowledged: summary.acknowledged + round.acknowledged,
    lost: summary.lost + round.lost.length,
    doubled: summary.doubled + round.doubled.length,
    asked: summary.asked + round.asked,
    audits: summary.audits + round.audits,
    poison: summary.poison + round.poison,
    flaws: [...summary.flaws, ...round.flaws.map((flaw) => `seed ${String(seed)}: ${flaw}`)],
  };
}

export function summaryLines(summary: Summary): readonly string[] {
  const { rounds, kills, killsOf, acknowledged, lost, doubled, asked, audits, poison, flaws } = summary;
  const victims = Object.entries(killsOf).map(([service, count]) => `${service} ${String(count)}`);
  return [
    `${String(kills)} kills in ${String(rounds)} rounds: ${victims.join(", ")}`,
    `${String(acknowledged)} signals acknowledged to the witness, ${String(lost)} lost, ${String(doubled)} doubled`,
    `${String(asked)} modules, intents and promotions, each with its effects once`,
    `${String(audits)} audits and verifications`,
    `${String(poison)} deliveries given up after three kills, and brought back by the operator`,
    ...(flaws.length === 0 ? ["nothing is wrong"] : flaws),
  ];
}
