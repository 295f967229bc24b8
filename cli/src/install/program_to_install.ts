import { Failure } from "../exit_codes.ts";
import { findProgram, type FoundProgram } from "../release/find_program.ts";
import { isCompiled } from "../up/service_command.ts";

/** This program, or the one that was named. Throws `Failure`: what runs from source is no program to install. */
export async function programToInstall(from: string | undefined, cwd: string): Promise<FoundProgram> {
  if (from !== undefined) return findProgram(from, cwd);
  if (isCompiled()) return { path: process.execPath, forget: () => undefined };
  throw new Failure(
    "negative",
    "this runs from source; what is installed is one compiled program: ./scripts/build --only kloros, then dist/multicall/kloros install",
  );
}
