/**
 * Whether an investigated module is entered into the registry. Pure: the completion, what the registry holds and what
 * the directory looks like come in as data.
 */
import {
  capabilityKey,
  claimedPath,
  claimedPyFiles,
  confidenceOf,
  isAboutUndiscoveredModule,
} from "./evidence.ts";
import type { Completion } from "./evidence.ts";
import { locateModule, normalizePath, pathBelow } from "./module_path.ts";
import type { RegisteredEntry } from "./registry_document.ts";

/** What was found where the evidence points. */
export interface DirectoryInspection {
  readonly kind: "absent" | "not_directory" | "directory";
  /** `*.py` directly in it. */
  readonly pyFiles: number;
  readonly hasInit: boolean;
  /** With symbolic links resolved; equal to the plain paths when nothing is there. */
  readonly realDirectory: string;
  readonly realSource: string;
}

export interface Situation {
  readonly completion: Completion;
  readonly source: string;
  readonly entries: ReadonlyMap<string, RegisteredEntry>;
  /** Absent when the completion gives no path inside the source root. */
  readonly inspection: DirectoryInspection | undefined;
  readonly config: { readonly confidenceMin: number; readonly createInit: boolean };
}

export interface ModuleToIntegrate {
  readonly name: string;
  /** Dotted, from the source root. */
  readonly modulePath: string;
  readonly directory: string;
  /** Its key in the registry. */
  readonly key: string;
  readonly capabilityKey: string;
  readonly pyFiles: number;
  readonly createInit: boolean;
}

export type Decision =
  /** Not this service's business. */
  | { readonly kind: "ignore"; readonly why: string }
  /** It stands in the registry; nothing to do. */
  | { readonly kind: "already"; readonly key: string; readonly why: string }
  | { readonly kind: "refuse"; readonly reason: string; readonly retryPossible: boolean }
  | { readonly kind: "integrate"; readonly module: ModuleToIntegrate };

/** The directory to inspect before deciding; undefined when the completion names none that may be looked at. */
export function directoryToInspect(completion: Completion, source: string): string | undefined {
  const path = claimedPath(completion);
  if (path === undefined || !isAboutUndiscoveredModule(completion)) return undefined;
  const location = locateModule(source, path);
  return location.ok ? location.directory : undefined;
}

/** The criteria in the order of existing installations: the first one not met is the reason. */
export function decide(situation: Situation): Decision {
  const { completion, source, entries, config } = situation;
  if (!isAboutUndiscoveredModule(completion)) {
    return {
      kind: "ignore",
      why: `hypothesis ${completion.hypothesis ?? "(none)"} is not UNDISCOVERED_MODULE_*`,
    };
  }
  const path = claimedPath(completion);
  const location = path === undefined ? undefined : locateModule(source, path);
  const known = location?.ok === true ? findRegistered(entries, location, source) : undefined;
  if (known?.kind === "same") return { kind: "already", key: known.key, why: known.why };

  if (completion.status !== "completed") {
    return refuse(`the investigation ${completion.status}: ${completion.error ?? "no reason given"}`, true);
  }
  const confidence = confidenceOf(completion);
  if (confidence < config.confidenceMin) {
    return refuse(`confidence ${confidence} is below the threshold ${config.confidenceMin}`, true);
  }
  if (claimedPyFiles(completion) < 1) return refuse("the evidence gives no py_files of at least 1", false);
  if (path === undefined || location === undefined) return refuse("the evidence gives no path", false);
  if (!location.ok) return refuse(location.reason, false);
  const objection = objectionTo(location.directory, situation.inspection);
  if (objection !== undefined) return objection;
  if (known?.kind === "key_taken") return refuse(known.why, false);
  return {
    kind: "integrate",
    module: {
      name: location.name,
      modulePath: location.modulePath,
      directory: location.directory,
      key: known?.key ?? location.name,
      capabilityKey: capabilityKey(completion),
      pyFiles: situation.inspection?.pyFiles ?? 0,
      createInit: config.createInit && situation.inspection?.hasInit === false,
    },
  };
}

function objectionTo(directory: string, found: DirectoryInspection | undefined): Decision | undefined {
  if (found === undefined || found.kind === "absent")
    return refuse(`directory ${directory} does not exist`, true);
  if (found.kind === "not_directory") return refuse(`${directory} is not a directory`, false);
  const below = pathBelow(found.realSource, found.realDirectory);
  if (below === undefined || below === "") {
    return refuse(`${directory} leads out of the source root, to ${found.realDirectory}`, false);
  }
  if (found.pyFiles < 1) return refuse(`directory ${directory} holds no *.py directly`, true);
  return undefined;
}

type Known =
  | { readonly kind: "same"; readonly key: string; readonly why: string }
  /** Another module of the same last part has the plain key: this one goes under its dotted path. */
  | { readonly kind: "renamed"; readonly key: string }
  | { readonly kind: "key_taken"; readonly key: string; readonly why: string };

/**
 * Two directories may share their last part (`audio`, `tools/audio`): the same module is the one with the same path.
 * An entry by its name that says nothing of a path, or has a hand-written one, counts as this module: its author knew.
 */
function findRegistered(
  entries: ReadonlyMap<string, RegisteredEntry>,
  module: { readonly name: string; readonly modulePath: string },
  source: string,
): Known | undefined {
  const rootName = normalizePath(source).split("/").at(-1) ?? "";
  for (const [key, entry] of entries) {
    if (entry.module === module.modulePath || entry.module === `${rootName}.${module.modulePath}`) {
      return { kind: "same", key, why: `the registry has module ${entry.module} as "${key}"` };
    }
  }
  const namesake = entries.get(module.name);
  if (namesake === undefined) return undefined;
  if (namesake.module === undefined || !namesake.autoDiscovered) {
    return { kind: "same", key: module.name, why: `the registry has an entry "${module.name}"` };
  }
  if (!entries.has(module.modulePath)) return { kind: "renamed", key: module.modulePath };
  const why = `the registry's "${module.name}" is another module, ${namesake.module}; rename that entry`;
  return { kind: "key_taken", key: module.name, why };
}

function refuse(reason: string, retryPossible: boolean): Decision {
  return { kind: "refuse", reason, retryPossible };
}
