/** Whether a release is as it was added. */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "@kloros/daemon";
import { octal } from "../files/octal.ts";
import { PROGRAM, readLink, type Release, type ReleaseStore } from "./release_store.ts";

/** One thing that was looked at. */
export interface Check {
  readonly problem: string | undefined;
}

export async function checkRelease(store: ReleaseStore, release: Release): Promise<readonly Check[]> {
  const directory = store.directoryOf(release.id);
  if (store.read(release.id) === undefined) return [{ problem: `${directory} is no whole release` }];
  const program = store.programOf(release.id);
  const found = await hashFile(program).catch((error: unknown) => errorCode(error) ?? String(error));
  const mode = octal(lstatSync(program, { throwIfNoEntry: false })?.mode ?? 0);
  return [
    {
      problem:
        found === release.sha256 ? undefined : `${program} is not what was installed: its hash is ${found}`,
    },
    { problem: mode === "0755" ? undefined : `${program} has mode ${mode}, not 0755` },
    ...release.programs.map((name) => {
      const path = join(directory, "bin", name);
      return { problem: readLink(path) === PROGRAM ? undefined : `${path} is no link to ${PROGRAM}` };
    }),
  ];
}

export async function isWhole(store: ReleaseStore, release: Release): Promise<boolean> {
  return (await checkRelease(store, release)).every(({ problem }) => problem === undefined);
}

export async function hashFile(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const chunk of Bun.file(path).stream()) hasher.update(chunk);
  return hasher.digest("hex");
}
