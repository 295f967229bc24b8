/** `winners/<experiment>.json` as an installation has them: `{updated_at, best: {fitness, params, metrics}}`. */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { errorCode, messageOf, readBounded } from "@kloros/daemon";
import { formatFileProblem, type FileProblem } from "../file_problem.ts";
import { parseJsonText, JsonTextError, type JsonNode } from "../json/json_text.ts";
import { plainValue } from "../json/plain_value.ts";
import { renderPython } from "../json/python_json.ts";
import type { Metrics, Parameters, ParameterValue, Winner } from "../types.ts";
import { winnerHash } from "./winner_hash.ts";

const FILE_BYTES_MAX = 1024 * 1024;
const FILES_MAX = 10_000;
/** Broken runs of the installation's older runner wrote -1e18 for "nothing was measured". */
const UNMEASURED_FITNESS = -1e17;
const REMEDY = "remove the file, the next cycle writes it anew";

/** A winner's file that cannot be read or is not one. */
export class WinnerFileError extends Error {
  override readonly name = "WinnerFileError";
  readonly problem: FileProblem;
  constructor(problem: FileProblem, options?: ErrorOptions) {
    super(formatFileProblem(problem), options);
    this.problem = problem;
  }
}

export interface WinnersRead {
  /** By experiment. */
  readonly winners: readonly Winner[];
  /** Files that are no winners; the others are not affected. */
  readonly problems: readonly WinnerFileError[];
}

/** All winners of a directory. A directory that does not exist has none. */
export async function readWinners(directory: string): Promise<WinnersRead> {
  const winners: Winner[] = [];
  const problems: WinnerFileError[] = [];
  for (const name of await winnerNames(directory)) {
    try {
      winners.push(await readWinner(join(directory, name)));
    } catch (error) {
      // Gone since it was listed.
      if (errorCode(error) === "ENOENT") continue;
      problems.push(asWinnerError(join(directory, name), error));
    }
  }
  return { winners, problems };
}

async function winnerNames(directory: string): Promise<string[]> {
  try {
    const names = await readdir(directory);
    return names
      .filter((name) => name.endsWith(".json") && !name.startsWith("."))
      .toSorted()
      .slice(0, FILES_MAX);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** Throws `WinnerFileError`; a file that is not there gives the system's own error (ENOENT). */
export async function readWinner(path: string): Promise<Winner> {
  let text: string;
  try {
    text = (await readBounded(path, FILE_BYTES_MAX)).toString("utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") throw error;
    throw asWinnerError(path, error);
  }
  return parseWinner(path, text);
}

function asWinnerError(path: string, error: unknown): WinnerFileError {
  if (error instanceof WinnerFileError) return error;
  const problem = messageOf(error);
  return new WinnerFileError(
    { file: path, line: null, column: null, problem, remedy: REMEDY },
    { cause: error },
  );
}

/** A winner from the text of its file; `path` names the experiment and stands in errors. Throws `WinnerFileError`. */
export function parseWinner(path: string, text: string): Winner {
  const fail = (offset: number, problem: string): never => {
    const { line, column } = new JsonTextError(problem, text, offset);
    throw new WinnerFileError({ file: path, line, column, problem, remedy: REMEDY });
  };
  const root = parseOr(text, fail);
  const best = member(root, "best") ?? fail(root.offset, "there is no best: {fitness, params, metrics}");
  const fitness = member(best, "fitness");
  const params = member(best, "params") ?? fail(best.offset, "best.params is missing");
  if (fitness?.kind !== "number") return fail((fitness ?? best).offset, "best.fitness is not a number");
  const updatedAt = member(root, "updated_at");
  return {
    experiment: basename(path, ".json"),
    hash: winnerHash(renderPython(params)),
    fitness: fitness.value,
    params: parametersOf(params, fail),
    metrics: metricsOf(member(best, "metrics")),
    updatedAt: updatedAt?.kind === "number" && Number.isFinite(updatedAt.value) ? updatedAt.value : null,
  };
}

function parseOr(text: string, fail: (offset: number, problem: string) => never): JsonNode {
  try {
    return parseJsonText(text);
  } catch (error) {
    if (error instanceof JsonTextError) return fail(error.offset, `not valid JSON: ${error.message}`);
    throw error;
  }
}

function parametersOf(node: JsonNode, fail: (offset: number, problem: string) => never): Parameters {
  if (node.kind !== "object") return fail(node.offset, "best.params is not an object");
  const entries = [...node.entries].map(([name, value]): [string, ParameterValue] => [
    name,
    plainValue(value) ??
      fail(value.offset, `best.params.${name} holds an object; a parameter is a value or a list`),
  ]);
  return Object.fromEntries(entries);
}

/** Those that are numbers; also NaN, so that nobody takes a metric that could not be measured for one that is absent. */
function metricsOf(node: JsonNode | undefined): Metrics | null {
  if (node?.kind !== "object") return null;
  const numbers = [...node.entries].flatMap(([name, value]): [string, number][] =>
    value.kind === "number" ? [[name, value.value]] : [],
  );
  return Object.fromEntries(numbers);
}

function member(node: JsonNode, name: string): JsonNode | undefined {
  return node.kind === "object" ? node.entries.get(name) : undefined;
}

/** Whether a winner says something: it was measured, and all that was measured are numbers. Others are never deployed. */
export function isUsableWinner(winner: Pick<Winner, "fitness" | "metrics">): boolean {
  const { fitness, metrics } = winner;
  if (!Number.isFinite(fitness) || fitness <= UNMEASURED_FITNESS || metrics === null) return false;
  return Object.values(metrics).every((value) => Number.isFinite(value));
}
