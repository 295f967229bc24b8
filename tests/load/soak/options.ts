import { parseArgs } from "node:util";
import type { SoakPlan } from "./plan.ts";

export interface SoakOptions extends SoakPlan {
  readonly json: boolean;
  readonly help: boolean;
}

export const USAGE = `./scripts/soak  real traffic for a long time: is memory bounded, are files, is anything lost

  --minutes N  how long; default 60, at least 2
  --rate N     signals a second, default 200, at most 1000
  --json       the whole report as JSON on stdout, every second of it
`;

/** Throws an Error with what is wrong and what there is. */
export function parseOptions(argv: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: "string", default: "60" },
      rate: { type: "string", default: "200" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const minutes = numberOf("minutes", values.minutes, 2, 7 * 24 * 60);
  const signalsPerS = numberOf("rate", values.rate, 1, 1000);
  return { minutes, signalsPerS, json: values.json, help: values.help };
}

function numberOf(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`--${flag} ${JSON.stringify(text)}: a whole number from ${String(min)} to ${String(max)}`);
}
