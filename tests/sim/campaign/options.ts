import { parseArgs } from "node:util";

export const USAGE = `./scripts/sim  the real bus and the real client on a simulated machine, killed, stopped, cut off and lied to, from a seed

  --runs N        runs, each with its own seed; default 1000
  --seed S        seed of the first run, the next ones follow; default: by the time of day, and told
  --jobs J        processes; default: one a core
  --house         all services with their own decisions, instead of invented work on the bus

  --replay SEED   one run again, with its record: what happened, line by line (simulated µs, who, what)
  --faults A,B    with --replay: only these of its faults, by their numbers in the list that it begins with
  --shorten       with --replay: looks for fewer faults that still break it, instead of the record

  --json          the result as JSON on stdout
  --help

A campaign ends at the first run that breaks something, and names its seed. Exit code 0: all held; 1: something broke; 64: wrong use.
`;

/** What a run is about: see ../README.md. */
export type World = "bus" | "house";

export type Options =
  | { readonly kind: "help" }
  | {
      readonly kind: "campaign";
      readonly runs: number;
      readonly seed: number;
      readonly jobs: number;
      readonly world: World;
      readonly json: boolean;
    }
  | {
      readonly kind: "replay";
      readonly seed: number;
      readonly faults: readonly number[] | undefined;
      readonly shorten: boolean;
      readonly world: World;
      readonly json: boolean;
    };

export class UsageError extends Error {}

export const SEEDS = 2 ** 32;
const RUNS_MAX = 100_000_000;
const JOBS_MAX = 64;

export interface Defaults {
  readonly seed: number;
  readonly jobs: number;
}

/** Throws `UsageError` with what is wrong. */
export function parseOptions(argv: readonly string[], defaults: Defaults): Options {
  const values = readValues(argv);
  if (values.help) return { kind: "help" };
  const { json, shorten } = values;
  const world = values.house ? "house" : "bus";
  if (values.replay !== undefined) {
    for (const name of ["runs", "seed", "jobs"] as const)
      if (values[name] !== undefined)
        throw new UsageError(`--${name} is for campaigns: leave it out with --replay`);
    const faults = values.faults
      ?.split(",")
      .filter((text) => text !== "")
      .map((text) => whole("--faults", text, 0, 10_000));
    const seed = whole("--replay", values.replay, 0, SEEDS - 1);
    return { kind: "replay", seed, faults, shorten, world, json };
  }
  if (values.faults !== undefined || shorten)
    throw new UsageError("--faults and --shorten need --replay SEED");
  return {
    kind: "campaign",
    runs: whole("--runs", values.runs ?? "1000", 1, RUNS_MAX),
    seed: whole("--seed", values.seed ?? String(defaults.seed), 0, SEEDS - 1),
    jobs: whole("--jobs", values.jobs ?? String(defaults.jobs), 1, JOBS_MAX),
    world,
    json,
  };
}

function readValues(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        runs: { type: "string" },
        seed: { type: "string" },
        jobs: { type: "string" },
        replay: { type: "string" },
        faults: { type: "string" },
        shorten: { type: "boolean", default: false },
        house: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function whole(name: string, text: string, from: number, to: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= from && value <= to) return value;
  throw new UsageError(`${name} ${text}: a whole number from ${String(from)} to ${String(to)} is needed`);
}
