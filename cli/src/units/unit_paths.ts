/** The paths of an installation as its services will see them, and what of them a service's sandbox lets it write. */
import { dirname } from "node:path";
import { resolveInstallation, type Installation } from "@kloros/daemon";
import type { InstallLayout } from "./layout.ts";

/** Looks at the home: in that of the original system some files lie beside it. */
export function pathsOf({ home, source, state, runtime, logs }: InstallLayout): Installation {
  return resolveInstallation({ home, source, state, runtime, logs, env: {} }).paths;
}

/** Keys that are directories. All others are files, replaced as a whole: that takes the right to write their directory. */
const DIRECTORIES: ReadonlySet<keyof Installation> = new Set([
  "home",
  "source",
  "state",
  "logs",
  "intents",
  "intentsRejected",
  "paused",
  "promotions",
  "dreamArtifacts",
]);

/** Sorted. `runtime` and what lies in it are left out: every service has it. */
export function writableDirectories(
  paths: Installation,
  writes: readonly (keyof Installation)[],
): readonly string[] {
  const wanted = writes
    .filter((key) => key !== "runtime")
    .map((key) => (DIRECTORIES.has(key) ? paths[key] : dirname(paths[key])));
  return [...new Set(wanted)].toSorted();
}

/** Parts of the installation that lie in a writable directory without being wanted: they are made read-only again. */
export function protectedDirectories(
  paths: Installation,
  writes: readonly (keyof Installation)[],
): readonly string[] {
  const wanted = writableDirectories(paths, writes);
  return partsOf(paths)
    .filter((path) => !wanted.includes(path) && wanted.some((one) => isInside(path, one)))
    .toSorted();
}

/** The directories of an installation that must be there before a sandbox can name them. */
export function partsOf(paths: Installation): readonly string[] {
  const { home, source, state, intents, promotions, dreamArtifacts, registry } = paths;
  return [home, source, state, intents, promotions, dreamArtifacts, dirname(registry)];
}

export function isInside(path: string, directory: string): boolean {
  return path.startsWith(directory.endsWith("/") ? directory : `${directory}/`);
}

/** Below these `ProtectHome=yes` hides everything. */
export function liesInHome(path: string): boolean {
  return ["/home", "/root", "/run/user"].some((one) => path === one || isInside(path, one));
}
