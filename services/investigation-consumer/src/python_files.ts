/** Finds a module's Python files: in a fixed order, within limits, without following symbolic links. */
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "@kloros/daemon";
import { unlessShortage } from "./shortage.ts";

export interface WalkLimits {
  readonly filesMax: number;
  /** Directories below the module's own. */
  readonly depthMax: number;
  /** Names looked at: a directory may hold a million files that are not Python. */
  readonly entriesMax: number;
}

export type WalkEvent =
  | { readonly kind: "file"; readonly file: string }
  | { readonly kind: "problem"; readonly file: string; readonly problem: string }
  | { readonly kind: "limit"; readonly text: string };

/** Not the module's own work, wherever they lie. */
const SKIPPED = new Set(["__pycache__", "node_modules", "site-packages", "venv"]);
/** Marks a virtual environment under any name. */
const ENVIRONMENT_MARK = "pyvenv.cfg";

/** Yields files relative to `root`, a directory's own before those below it, each level by name. */
export async function* pythonFiles(root: string, limits: WalkLimits): AsyncGenerator<WalkEvent, void> {
  const waiting: { readonly path: string; readonly depth: number }[] = [{ path: "", depth: 0 }];
  let files = 0;
  let entries = 0;
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { path, depth } = next;
    const listed = await list(root, path);
    if (typeof listed === "string") {
      yield { kind: "problem", file: path, problem: listed };
      continue;
    }
    if (depth > 0 && listed.some(({ name }) => name === ENVIRONMENT_MARK)) continue;
    for (const entry of listed) {
      entries += 1;
      if (entries > limits.entriesMax) {
        yield { kind: "limit", text: `entries=${limits.entriesMax}` };
        return;
      }
      const file = path === "" ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory() && isOwnWork(entry.name)) {
        if (depth < limits.depthMax) waiting.push({ path: file, depth: depth + 1 });
        else yield { kind: "limit", text: `depth=${limits.depthMax}` };
      } else if (entry.isFile() && entry.name.endsWith(".py")) {
        files += 1;
        if (files > limits.filesMax) {
          yield { kind: "limit", text: `files=${limits.filesMax}` };
          return;
        }
        yield { kind: "file", file };
      }
    }
  }
}

function isOwnWork(name: string): boolean {
  return !name.startsWith(".") && !SKIPPED.has(name) && !name.endsWith(".egg-info");
}

/** The entries by name, or what is wrong with the directory. Throws when it is the machine that has too little. */
async function list(root: string, path: string): Promise<Dirent[] | string> {
  try {
    const entries = await readdir(join(root, path), { withFileTypes: true });
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    return messageOf(unlessShortage(error));
  }
}
