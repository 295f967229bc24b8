/** From the configured command to what is started: placeholders filled in, program found, limits put before it. */
import { isAbsolute, resolve } from "node:path";
import type { FoundRunner } from "./find_runner.ts";

/** What an argument may ask for. */
export interface Placeholders {
  readonly config: string;
  readonly artifacts: string;
  readonly run_tag: string;
  /** Empty: no topic. */
  readonly topic: string;
  readonly limit_s: string;
  readonly home: string;
  readonly source: string;
}

export interface CommandRequest {
  /** Empty: the built-in runner. */
  readonly configured: readonly string[];
  readonly values: Placeholders;
  readonly directory: string;
  readonly searchPath: string;
  readonly niceness: number;
  /** 0: no limit. */
  readonly memoryMebibytesMax: number;
  readonly findRunner: () => FoundRunner;
}

export type BuiltCommand =
  | { readonly ok: true; readonly command: readonly string[] }
  | { readonly ok: false; readonly error: string };

/** What the built-in runner may need to end its evaluators and to write its results. */
const WIND_UP_S = 20;

export function buildCommand(request: CommandRequest): BuiltCommand {
  const wanted = request.configured.length === 0 ? builtIn(request) : foreign(request);
  if (!wanted.ok) return wanted;
  const before = limits(request);
  const missing = before.find((part, index) => index === 0 && Bun.which(part) === null);
  return missing === undefined
    ? { ok: true, command: [...before, ...wanted.command] }
    : {
        ok: false,
        error: `${missing} was not found, which limits a cycle; install it or set niceness and memoryMebibytesMax to 0`,
      };
}

function builtIn({ findRunner, values }: CommandRequest): BuiltCommand {
  const runner = findRunner();
  if (!runner.ok) return runner;
  return {
    ok: true,
    command: [
      ...runner.command,
      "run",
      ...["--config", values.config],
      ...["--artifacts", values.artifacts],
      ...["--run-tag", values.run_tag],
      ...["--progress", "json"],
      ...ownLimit(Number(values.limit_s)),
    ],
  };
}

/** It ends a little before it would be ended: what it found by then counts. A limit of a few seconds is left to us. */
function ownLimit(limitS: number): readonly string[] {
  const seconds = Math.floor(limitS) - WIND_UP_S;
  return seconds < WIND_UP_S ? [] : ["--limit", String(seconds)];
}

function foreign({ configured, values, directory, searchPath }: CommandRequest): BuiltCommand {
  const [program = "", ...rest] = configured.map((part) => fillIn(part, values));
  const path = program.includes("/") ? resolve(directory, program) : program;
  const found = Bun.which(path, { PATH: searchPath, cwd: directory });
  if (found !== null) return { ok: true, command: [isAbsolute(found) ? found : path, ...rest] };
  const where = program.includes("/") ? path : `${program} on PATH`;
  return {
    ok: false,
    error: `the program of the cycle was not found or may not be executed: ${where}; set command in [dream-consumer]`,
  };
}

/** Anything else in braces stays as it is. */
function fillIn(text: string, values: Placeholders): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? values[name as keyof Placeholders] : whole,
  );
}

function limits({ niceness, memoryMebibytesMax }: CommandRequest): readonly string[] {
  const nice = niceness === 0 ? [] : ["nice", "-n", String(niceness)];
  if (memoryMebibytesMax === 0) return nice;
  return ["prlimit", `--data=${memoryMebibytesMax * 1024 * 1024}`, "--", ...nice];
}
