import { parseArgs } from "node:util";

export const USAGE = `Usage: ./scripts/chaos [--kills N] [--seed S] [--per-round N] [--json]
  --kills N      rounds until so many kill -9 met a running process (default: 300)
  --seed S       of the first round; each further one takes the next number (default: 1)
  --per-round N  kills before the daemons come to rest and everything is checked (default: 40)
  --json         the summary as JSON`;

export interface Invocation {
  readonly kills: number;
  readonly seed: number;
  readonly perRound: number;
  readonly json: boolean;
  readonly help: boolean;
}

const KILLS_MAX = 1_000_000;

/** Throws with what is wrong. */
export function readInvocation(args: readonly string[]): Invocation {
  const options = {
    kills: { type: "string", default: "300" },
    seed: { type: "string", default: "1" },
    "per-round": { type: "string", default: "40" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false, short: "h" },
  } as const;
  const {
    kills,
    seed,
    "per-round": perRound,
    json,
    help,
  } = parseArgs({ args: [...args], options, strict: true }).values;
  return {
    kills: wholeNumber("--kills", kills, 1),
    seed: wholeNumber("--seed", seed, 0),
    perRound: wholeNumber("--per-round", perRound, 1),
    json,
    help,
  };
}

function wholeNumber(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && (flag === "--seed" ? value <= 0xffff_ffff : value <= KILLS_MAX))
    return value;
  throw new Error(`${flag} ${text}: it takes a whole number from ${String(least)} on\n${USAGE}`);
}
