import { parseArgs } from "node:util";

export interface Options {
  /** Names of benchmarks; empty: all. */
  readonly names: readonly string[];
  readonly quick: boolean;
  readonly json: boolean;
  readonly record: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

export const USAGE = `./scripts/bench [NAME]...  benchmarks, each beside its peer where that is installed

  --list     names and what they measure
  --quick    little work, one repetition: to see that all works, not to compare
  --json     the results as JSON on stdout
  --record   writes the results into tests/bench/results and tests/bench/BENCHMARKS.md
`;

/** Throws an Error with what is wrong and what there is. */
export function parseOptions(argv: readonly string[], known: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      record: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  for (const name of positionals) {
    if (!known.includes(name)) {
      throw new Error(`there is no benchmark ${JSON.stringify(name)}; there are ${known.join(", ")}`);
    }
  }
  if (values.record && values.quick) {
    throw new Error("--record and --quick exclude each other: quick figures are not worth keeping");
  }
  return { ...values, names: positionals };
}
