import { join } from "node:path";

/** Inside a compiled program, files lie under this. */
const COMPILED_ROOT = "/$bunfs/";

export interface ProgramPlace {
  /** Directory of this file: tells a program that runs from source from a compiled one. */
  readonly directory: string;
  /** Runtime or compiled program. */
  readonly executable: string;
}

const HERE: ProgramPlace = { directory: import.meta.dir, executable: process.execPath };

export function isCompiled(place: ProgramPlace = HERE): boolean {
  return place.directory.startsWith(COMPILED_ROOT);
}

/** The clone that this runs from. Only for programs that run from source. */
export function cloneRoot(place: ProgramPlace = HERE): string {
  return join(place.directory, "../../..");
}

/**
 * How a service is started as a process of its own: its main from source, or the compiled program under its own name.
 * Either way the process ends with its parent when it is told to (see `die_with_parent.ts`).
 */
export function serviceCommand(name: string, place: ProgramPlace = HERE): readonly string[] {
  if (isCompiled(place)) return [place.executable, "run-service", name];
  const main = join(cloneRoot(place), "services", name, "src/main.ts");
  return [place.executable, "--preload", join(place.directory, "die_with_parent.ts"), main];
}
