/** Looks at a module's directory: what the decision needs to know of it, as data. */
import { readdirSync, realpathSync, statSync } from "node:fs";
import type { DirectoryInspection } from "./decide.ts";
import { errnoOf } from "./world_errors.ts";

export function inspectDirectory(directory: string, source: string): DirectoryInspection {
  const absent = { pyFiles: 0, hasInit: false, realDirectory: directory, realSource: source } as const;
  try {
    const real = { realDirectory: realpathSync(directory), realSource: realpathSync(source) };
    if (!statSync(directory).isDirectory()) return { ...absent, ...real, kind: "not_directory" };
    const names = readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map((entry) => entry.name);
    return {
      kind: "directory",
      pyFiles: names.filter((name) => name.endsWith(".py")).length,
      hasInit: names.includes("__init__.py"),
      ...real,
    };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR" || errno === "ELOOP") return { ...absent, kind: "absent" };
    throw error;
  }
}
