import { parseArgs } from "node:util";

export interface Options {
  /** Names of faults; empty: all. */
  readonly only: readonly string[];
  readonly list: boolean;
  readonly json: boolean;
  readonly record: boolean;
  readonly help: boolean;
}

export const USAGE = `./scripts/mutate  plants faults in a copy of the code, one after the other, and sees whether a test fails

  --only NAME  this fault, repeatable
  --list       names, and the promise that each breaks
  --json       the results as JSON on stdout
  --record     writes list and results into docs/operating/reliability.md

Exit code 0: every fault was caught; 1: one survived, or the text of one is gone; 2: it could not be told; 64: wrong use.
`;

export class UsageError extends Error {}

/** Throws `UsageError` with what is wrong. */
export function parseOptions(argv: readonly string[], known: readonly string[]): Options {
  const values = readValues(argv);
  for (const name of values.only) {
    if (!known.includes(name)) throw new UsageError(`--only ${name}: there is no such fault; see --list`);
  }
  if (values.record && values.only.length > 0)
    throw new UsageError("--record tells of all faults: leave out --only");
  return values;
}

function readValues(argv: readonly string[]): Options {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        only: { type: "string", multiple: true, default: [] },
        list: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        record: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
