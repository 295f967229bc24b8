import { parseArgs } from "node:util";
import type { SoakPlan } from "./soak/plan.ts";
import type { StoppedPlan } from "./stopped/stopped_run.ts";

export const USAGE = `./scripts/soak          real traffic for a long time: is memory bounded, are files, is anything lost
  --minutes N           how long; default 60, at least 2
  --rate N              signals a second, default 200, at most 1000

./scripts/soak stopped  signals while one consumer stands still and another one does not run, beside the same with all running
  --signals N           how many; default 1000000
  --rate N              signals a second, default 5000

  --json                the whole report as JSON on stdout
`;

export type LoadOptions =
  | { readonly kind: "help" }
  | { readonly kind: "soak"; readonly json: boolean; readonly plan: SoakPlan }
  | { readonly kind: "stopped"; readonly json: boolean; readonly plan: StoppedPlan };

/** Throws an Error with what is wrong and what there is. */
export function parseOptions(argv: readonly string[]): LoadOptions {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      minutes: { type: "string" },
      rate: { type: "string" },
      signals: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const { minutes = "60", rate, signals = "1000000", json, help } = values;
  if (help) return { kind: "help" };
  const [kind = "soak", ...more] = positionals;
  if (more.length > 0 || (kind !== "soak" && kind !== "stopped"))
    throw new Error(`there is no load ${JSON.stringify(positionals.join(" "))}; there are soak and stopped`);
  const unfit = kind === "soak" ? values.signals : values.minutes;
  if (unfit !== undefined)
    throw new Error(
      `${kind} takes no --${kind === "soak" ? "signals" : "minutes"}; --help shows what it takes`,
    );
  if (kind === "stopped") {
    const plan = {
      signals: numberOf("signals", signals, 1000, 10_000_000),
      signalsPerS: numberOf("rate", rate ?? "5000", 100, 100_000),
    };
    return { kind, json, plan };
  }
  const plan = {
    minutes: numberOf("minutes", minutes, 2, 7 * 24 * 60),
    signalsPerS: numberOf("rate", rate ?? "200", 1, 1000),
  };
  return { kind, json, plan };
}

function numberOf(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`--${flag} ${JSON.stringify(text)}: a whole number from ${String(min)} to ${String(max)}`);
}
