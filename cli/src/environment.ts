/** The world that a command runs in; tests of parsing give another. */
import manifest from "../package.json" with { type: "json" };
import { CLI_EXIT } from "./exit_codes.ts";
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
  /** Height of the terminal, lines. */
  readonly rows: () => number;
  readonly nowMs: () => number;
  /** All of stdin. */
  readonly readInput: () => Promise<string>;
  /** From the first call on, Ctrl-C and SIGTERM abort this. A second one ends the process, and so do a few seconds. */
  readonly stopRequested: () => AbortSignal;
}

const COLUMNS_DEFAULT = 100;
const ROWS_DEFAULT = 24;

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
    rows: () => process.stdout.rows || ROWS_DEFAULT,
    nowMs: () => Date.now(),
    readInput: () => Bun.stdin.text(),
    stopRequested: () => (stopping ??= listenForStop()).signal,
  };
}

/** A terminal that takes no text must not keep a command from ending. */
const STOP_MS_MAX = 3000;

function listenForStop(): AbortController {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
      controller.abort(new Error(name));
      setTimeout(() => process.exit(CLI_EXIT.interrupted.code), STOP_MS_MAX).unref();
    });
  }
  return controller;
}
