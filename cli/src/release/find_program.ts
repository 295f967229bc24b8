/** The program of a release, from what an operator names: the file itself, a directory of `scripts/build`, a release, or a tar. */
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { tmpdir } from "node:os";
import { Failure } from "../exit_codes.ts";
import { PROGRAM } from "./release_store.ts";

export interface FoundProgram {
  /** Absolute. */
  readonly path: string;
  /** Removes what was unpacked. */
  forget(): void;
}

/** Where a directory keeps it: what scripts/build makes, a release of another machine, a directory with the file itself. */
const INSIDE = [`multicall/${PROGRAM}`, `bin/${PROGRAM}`, PROGRAM];

const keep = (): void => undefined;

/** Throws `Failure`. */
export async function findProgram(given: string, cwd: string): Promise<FoundProgram> {
  const path = resolve(cwd, given);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new Failure("negative", `there is no ${path}; name a release: ${FORMS}`);
  if (found.isDirectory()) return { path: programIn(path, path), forget: keep };
  if (path.endsWith(".deb"))
    throw new Failure(
      "negative",
      `${path} is a Debian package: install it with \`sudo apt install ${path}\``,
    );
  return /\.(tar|tgz|tar\.gz|tar\.xz|tar\.zst)$/.test(path) ? unpack(path) : { path, forget: keep };
}

const FORMS = "the program dist/multicall/kloros, a directory that holds it, or a .tar of one";

function programIn(directory: string, named: string): string {
  const found = INSIDE.map((name) => join(directory, name)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Failure("negative", `${named} holds no release: none of ${INSIDE.join(", ")} is in it`);
}

async function unpack(tar: string): Promise<FoundProgram> {
  const directory = mkdtempSync(join(tmpdir(), "kloros-release-"));
  const forget = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    const child = Bun.spawn(
      ["tar", "--extract", "--no-same-owner", "--file", tar, "--directory", directory],
      {
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    const [error, code] = await Promise.all([child.stderr.text(), child.exited]);
    if (code !== 0) throw new Failure("negative", `${tar} cannot be unpacked: ${error.trim()}`);
    return { path: programIn(oneInside(directory), tar), forget };
  } catch (error) {
    forget();
    throw error;
  }
}

/** A tar of a directory has it as its only entry. */
function oneInside(directory: string): string {
  const [only, ...others] = [...new Bun.Glob("*").scanSync({ cwd: directory, onlyFiles: false, dot: true })];
  if (only === undefined || others.length > 0 || !statSync(join(directory, only)).isDirectory())
    return directory;
  return INSIDE.some((name) => name.startsWith(`${only}/`)) ? directory : join(directory, only);
}
