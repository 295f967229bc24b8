/** The experiments' own mapping of parameters to keys, as the installation's `dream.yaml` has it. */
import { DreamConfigError, readDreamConfig } from "@kloros/dream-runner";
import { existsSync } from "node:fs";
import type { ParameterMapping } from "./parameter_keys.ts";

export interface Mappings {
  readonly byExperiment: ReadonlyMap<string, ParameterMapping>;
  /** Why they cannot be known, with file, line and remedy. */
  readonly problem: string | undefined;
}

const PROBLEM_LENGTH_MAX = 1000;

/** No file: no mappings. */
export async function readMappings(path: string): Promise<Mappings> {
  const byExperiment = new Map<string, ParameterMapping>();
  if (!existsSync(path)) return { byExperiment, problem: undefined };
  try {
    const { paramMappings } = await readDreamConfig(path);
    for (const [name, mapping] of paramMappings) byExperiment.set(name, new Map(Object.entries(mapping)));
    return { byExperiment, problem: undefined };
  } catch (error) {
    // Whatever its content does to the reader: the cycle is answered.
    const why = error instanceof DreamConfigError ? error.message : `${path}: ${String(error)}`;
    const problem = `the mapping of its parameters is not known: ${why.slice(0, PROBLEM_LENGTH_MAX)}`;
    return { byExperiment, problem };
  }
}
