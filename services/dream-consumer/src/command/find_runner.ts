/** Where the built-in runner is, in whatever shape this program came. */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Inside a compiled program, files lie under this. */
const COMPILED_ROOT = "/$bunfs/";
const RUNNER = "kloros-dream";

export interface ProgramPlace {
  /** Directory of this file. */
  readonly directory: string;
  /** Runtime or compiled program. */
  readonly executable: string;
  /** Value of PATH. */
  readonly searchPath: string;
}

export type FoundRunner =
  | { readonly ok: true; readonly command: readonly string[] }
  | { readonly ok: false; readonly error: string };

/** The name of the program that holds this service alone. */
const STANDALONE = "dream-consumer";

export function findRunner(
  place: ProgramPlace = {
    directory: import.meta.dir,
    executable: process.execPath,
    searchPath: process.env["PATH"] ?? "",
  },
): FoundRunner {
  return place.directory.startsWith(COMPILED_ROOT) ? besideProgram(place) : fromSource(place);
}

function fromSource({ executable }: ProgramPlace): FoundRunner {
  const main = join(dirname(fileURLToPath(import.meta.resolve("@kloros/dream-runner"))), "main.ts");
  return existsSync(main) ? { ok: true, command: [executable, main] } : notFound([main]);
}

function besideProgram({ executable, searchPath }: ProgramPlace): FoundRunner {
  const beside = join(dirname(executable), RUNNER);
  if (existsSync(beside)) return { ok: true, command: [beside] };
  // The multi-call program has the runner in it; this service's own program has not.
  if (basename(executable) !== STANDALONE) return { ok: true, command: [executable, "dream"] };
  const onPath = Bun.which(RUNNER, { PATH: searchPath });
  return onPath === null ? notFound([beside, `${RUNNER} on PATH`]) : { ok: true, command: [onPath] };
}

function notFound(places: readonly string[]): FoundRunner {
  const looked = places.join(", ");
  return {
    ok: false,
    error: `the built-in D-REAM runner was not found (looked for ${looked}); install ${RUNNER} beside this program, or set command in [${STANDALONE}]`,
  };
}
