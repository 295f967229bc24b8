import { existsSync } from "node:fs";
import { dirname, extname, isAbsolute, join } from "node:path";
import type { Static } from "@sinclair/typebox";
import type { FileProblem } from "../file_problem.ts";
import { pathText, shown } from "./check_shape.ts";
import type { EvaluatorConfig } from "./dream_config.ts";
import type { Evaluator } from "./dream_schema.ts";
import type { YamlPath, YamlPlaces } from "./yaml_places.ts";

type RawEvaluator = Static<typeof Evaluator>;

const DEFAULT_TIMEOUT_S = 300;
const DEFAULT_MEMORY_MB = 2048;
const DEFAULT_PYTHON = "python3";
const ENTRIES = ["symbol", "class", "factory"] as const;
const MODULE_EXTENSIONS = new Set([".ts", ".mts", ".js", ".mjs", ".cjs"]);
/** The function that an evaluator's file has when nothing else is said. */
const DEFAULT_SYMBOL = "evaluate";

export function readEvaluator(
  places: YamlPlaces,
  raw: RawEvaluator,
  { path, base }: { readonly path: YamlPath; readonly base: string },
): { readonly evaluator?: EvaluatorConfig; readonly problems: readonly FileProblem[] } {
  const limits = {
    timeoutS: raw.timeout_sec ?? DEFAULT_TIMEOUT_S,
    memoryMb: raw.memory_mb ?? DEFAULT_MEMORY_MB,
  };
  const fail = (at: YamlPath, problem: string, remedy: string) => ({
    problems: [places.problem(at, problem, remedy)],
  });
  const origins = { base, beside: dirname(places.file) };
  if ((raw.path === undefined) === (raw.command === undefined)) {
    const problem = `${pathText(path)} has ${raw.path === undefined ? "neither path nor command" : "both path and command"}`;
    return fail(path, problem, "write either path: FILE or command: [PROGRAM, …]");
  }
  if (raw.command !== undefined) {
    return {
      problems: [],
      evaluator: { kind: "command", command: commandFrom(raw.command, origins), ...limits },
    };
  }
  const file = findFile(raw.path ?? "", origins);
  const extension = extname(file);
  if (extension !== ".py" && !MODULE_EXTENSIONS.has(extension)) {
    const at = [...path, "path"];
    return fail(
      at,
      `${pathText(at)} is ${shown(raw.path)}`,
      "name a .py, .ts or .js file, or write command: [PROGRAM, …]",
    );
  }
  const given = ENTRIES.filter((entry) => raw[entry] !== undefined);
  if (given.length > 1) {
    return fail(
      path,
      `${pathText(path)} has ${given.join(" and ")}`,
      "keep one of symbol, class and factory",
    );
  }
  const [entry = "symbol"] = given;
  return {
    problems: [],
    evaluator: {
      kind: extension === ".py" ? "python" : "module",
      file,
      interpreter: raw.python === undefined ? DEFAULT_PYTHON : programFrom(raw.python, origins),
      entry,
      name: raw[entry] ?? DEFAULT_SYMBOL,
      initKwargs: raw.init_kwargs ?? {},
      ...limits,
    },
  };
}

/** A program with a slash in its name is a file of the installation; without one it is looked for on PATH. */
function commandFrom(command: readonly string[], origins: Origins): string[] {
  const [program = "", ...args] = command;
  return [programFrom(program, origins), ...args];
}

function programFrom(program: string, origins: Origins): string {
  return program.includes("/") ? findFile(program, origins) : program;
}

interface Origins {
  /** The installation's base. */
  readonly base: string;
  /** The configuration's directory. */
  readonly beside: string;
}

/**
 * `./x` and `../x` start beside the configuration; `x/y` from the installation's base, else beside the configuration.
 * A file that is in neither is reported when it is run, or checked.
 */
function findFile(path: string, { base, beside }: Origins): string {
  if (isAbsolute(path)) return path;
  if (/^[.]{1,2}[/]/.test(path)) return join(beside, path);
  const candidates = [join(base, path), join(beside, path)];
  return candidates.find((candidate) => existsSync(candidate)) ?? join(base, path);
}
