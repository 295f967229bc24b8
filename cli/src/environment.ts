/** The world that a command runs in; tests of parsing give another. */
import manifest from "../package.json" with { type: "json" };
import { Output } from "./output.ts";

export interface Environment {
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly out: Output;
  readonly err: Output;
  /** Whether stdout, stderr is a terminal. */
  readonly outTerminal: boolean;
  readonly errTerminal: boolean;
  /** Width of the terminal, characters. */
  readonly columns: () => number;
  readonly nowMs: () => number;
  /** All of stdin. */
  readonly readInput: () => Promise<string>;
  /** From the first call on, Ctrl-C and SIGTERM abort this instead of ending the process; a second one ends it. */
  readonly stopRequested: () => AbortSignal;
}

const COLUMNS_DEFAULT = 100;

export function processEnvironment(): Environment {
  let stopping: AbortController | undefined;
  return {
    version: manifest.version,
    env: process.env,
    cwd: process.cwd(),
    out: new Output(1),
    err: new Output(2),
    outTerminal: process.stdout.isTTY,
    errTerminal: process.stderr.isTTY,
    columns: () => process.stdout.columns || COLUMNS_DEFAULT,
    nowMs: () => Date.now(),
    readInput: () => Bun.stdin.text(),
    stopRequested: () => (stopping ??= listenForStop()).signal,
  };
}

function listenForStop(): AbortController {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
      controller.abort(new Error(name));
    });
  }
  return controller;
}
