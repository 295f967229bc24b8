/** Reads an installation's `dream.yaml`. */
import { dirname, resolve } from "node:path";
import { errorCode, readBounded } from "@kloros/daemon";
import type { Static } from "@sinclair/typebox";
import type { FileProblem } from "../file_problem.ts";
import { checkShape, pathText, shown, unknownKeys, withoutEmpty } from "./check_shape.ts";
import type { DreamConfig, ExperimentConfig } from "./dream_config.ts";
import { DreamConfigError } from "./dream_config_error.ts";
import { DreamFile } from "./dream_schema.ts";
import { readExperiment } from "./read_experiment.ts";
import { YamlPlaces } from "./yaml_places.ts";

const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** Throws `DreamConfigError` with all problems at once. */
export async function readDreamConfig(path: string): Promise<DreamConfig> {
  const file = resolve(path);
  let text: string;
  try {
    text = (await readBounded(file, FILE_BYTES_MAX)).toString("utf8");
  } catch (error) {
    const missing = errorCode(error) === "ENOENT";
    const problem = missing ? "there is no such file" : `cannot be read: ${String(error)}`;
    const remedy = "name the installation's dream.yaml";
    throw new DreamConfigError([{ file, line: null, column: null, problem, remedy }], { cause: error });
  }
  return parseDreamConfig(file, text);
}

/** `file`: absolute, for places and relative paths. Throws `DreamConfigError`. */
export function parseDreamConfig(file: string, text: string): DreamConfig {
  const places = new YamlPlaces(file, text);
  if (places.syntax.length > 0) throw new DreamConfigError(places.syntax);
  const written = withoutEmpty(DreamFile, places.content);
  const problems = checkShape(places, DreamFile, written, []);
  if (problems.length > 0 && !hasExperiments(written)) throw new DreamConfigError(problems);
  const content = written as Static<typeof DreamFile>;
  const base = installationBase(file);
  const warnings = unknownKeys(places, DreamFile, content, []);
  warnings.push(...methodWarnings(places, content));
  const experiments: ExperimentConfig[] = [];
  const weights = problems.length > 0 ? {} : (content.fitness_aggregation?.weights ?? {});
  content.experiments.forEach((raw, index) => {
    const found = readExperiment(places, raw, { path: ["experiments", index], base, weights });
    const isOff = typeof raw === "object" && raw !== null && "enabled" in raw && raw.enabled === false;
    (isOff ? warnings : problems).push(...found.problems);
    warnings.push(...found.warnings);
    if (found.experiment !== undefined) experiments.push(found.experiment);
  });
  problems.push(...repeatedNames(places, content.experiments));
  if (problems.length > 0) throw new DreamConfigError(inOrder(problems));
  const artifactRoot = content.run?.artifact_root;
  return {
    path: file,
    base,
    experiments,
    paramMappings: paramMappings(content.experiments),
    artifactRoot: artifactRoot === undefined ? null : resolve(base, artifactRoot),
    warnings: inOrder(warnings),
  };
}

/**
 * Relative paths of an existing installation start where its old runner was started: above the source root, whose
 * `dream/config/` holds the file. Elsewhere they start beside the file.
 */
function installationBase(file: string): string {
  const directory = dirname(file);
  return directory.endsWith("/dream/config") ? resolve(directory, "../../..") : directory;
}

function hasExperiments(content: unknown): boolean {
  return (
    typeof content === "object" &&
    content !== null &&
    "experiments" in content &&
    Array.isArray(content.experiments)
  );
}

function methodWarnings(places: YamlPlaces, content: Static<typeof DreamFile>): FileProblem[] {
  const method = content.fitness_aggregation?.method;
  if (method === undefined || ["weighted_sum", "weighted", "sum"].includes(method)) return [];
  const path = ["fitness_aggregation", "method"];
  const problem = `${pathText(path)} is ${shown(method)}, which is not known here; weighted_sum is used`;
  return [places.problem(path, problem, "write weighted_sum")];
}

/** Names become directories: two experiments of one name would write over each other. */
function repeatedNames(places: YamlPlaces, experiments: readonly unknown[]): FileProblem[] {
  const first = new Map<string, number>();
  return experiments.flatMap((raw, index) => {
    const name = typeof raw === "object" && raw !== null && "name" in raw ? raw.name : undefined;
    if (typeof name !== "string") return [];
    const earlier = first.get(name);
    if (earlier === undefined) {
      first.set(name, index);
      return [];
    }
    const problem = `the name ${shown(name)} is that of experiments[${String(earlier)}] already`;
    return [
      places.problem(["experiments", index, "name"], problem, "give each experiment a name of its own"),
    ];
  });
}

function paramMappings(experiments: readonly unknown[]): DreamConfig["paramMappings"] {
  const mappings = new Map<string, Readonly<Record<string, string>>>();
  for (const raw of experiments) {
    if (typeof raw !== "object" || raw === null || !("name" in raw) || !("param_mapping" in raw)) continue;
    const { name, param_mapping: mapping } = raw;
    if (typeof name !== "string" || typeof mapping !== "object" || mapping === null) continue;
    const pairs = Object.entries(mapping).filter(
      (pair): pair is [string, string] => typeof pair[1] === "string",
    );
    mappings.set(name, Object.fromEntries(pairs));
  }
  return mappings;
}

function inOrder(problems: readonly FileProblem[]): FileProblem[] {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
