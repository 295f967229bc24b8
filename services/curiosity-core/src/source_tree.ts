/** Looks at the top of a source root. Follows no link to a directory; every listing is bounded. */
import { readdirSync, statSync } from "node:fs";
import type { Dirent } from "node:fs";
import { join } from "node:path";
import { messageOf } from "@kloros/daemon";
import { isModuleName } from "./finding.ts";
import type { Finding } from "./finding.ts";

export interface SurveyLimits {
  readonly modulesMax: number;
  readonly filesPerModuleMax: number;
}

export interface Survey {
  readonly findings: readonly Finding[];
  /** Directories that could not be read, with the reason. */
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[];
  /** Directories beyond the limit. */
  readonly leftOut: number;
}

/** Directories looked at between two turns of the event loop: some milliseconds. */
const CHUNK = 50;

/** Throws when the root itself cannot be read. */
export async function surveySource(root: string, limits: SurveyLimits): Promise<Survey> {
  const names = readdirSync(root, { withFileTypes: true })
    .filter(isModuleDirectory)
    .map(({ name }) => name);
  const findings: Finding[] = [];
  const unreadable: { path: string; reason: string }[] = [];
  for (const [index, name] of names.slice(0, limits.modulesMax).entries()) {
    if (index % CHUNK === CHUNK - 1) await nextTurn();
    const path = join(root, name);
    try {
      findings.push(lookAtModule(name, path, limits));
    } catch (error) {
      unreadable.push({ path, reason: messageOf(error) });
    }
  }
  return { findings, unreadable, leftOut: Math.max(0, names.length - limits.modulesMax) };
}

function isModuleDirectory(entry: Dirent): boolean {
  // Links are neither: `isDirectory` of an entry looks at the entry itself.
  return entry.isDirectory() && isModuleName(entry.name);
}

function lookAtModule(name: string, path: string, limits: SurveyLimits): Finding {
  const entries = readdirSync(path);
  const python = entries.filter((entry) => entry.endsWith(".py")).slice(0, limits.filesPerModuleMax);
  const changes = python.map((entry) => changedMs(join(path, entry))).filter((ms) => ms !== undefined);
  return {
    name,
    path,
    hasInit: entries.includes("__init__.py") && changedMs(join(path, "__init__.py")) !== undefined,
    pyFiles: changes.length,
    hasReadme: entries.includes("README.md") && changedMs(join(path, "README.md")) !== undefined,
    changedMs: changes.reduce((newest, ms) => Math.max(newest, ms), statSync(path).mtimeMs),
  };
}

/** Of a regular file, links followed; undefined for all else. */
function changedMs(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true ? stat.mtimeMs : undefined;
}

async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
