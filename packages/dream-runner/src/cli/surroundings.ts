import { systemClock, type Clock } from "@kloros/daemon";
import { listenForStop } from "./stop_signals.ts";

/** What the command line touches of its process. */
export interface DreamCliSurroundings {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Whether a person looks at stderr. */
  readonly isTerminal: boolean;
  /** Width of that terminal, characters; Infinity when nobody knows. */
  readonly columns: () => number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** What ends a run from outside, its reason a text; asked for when a run begins, given back when it ended. */
  readonly listenForStop: () => { readonly signal: AbortSignal; readonly close: () => void };
}

export function processSurroundings(): DreamCliSurroundings {
  // Who read our output is gone: the run goes on, its report is what counts.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  return {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY,
    columns: () => process.stderr.columns || Number.POSITIVE_INFINITY,
    environment: process.env,
    clock: systemClock,
    listenForStop,
  };
}
