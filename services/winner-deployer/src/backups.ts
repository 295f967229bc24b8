/** Copies of the environment file from before a deployment, `<state>/env_backups/`, 0600, the newest ones kept. */
import { writeFileAtomic } from "@kloros/daemon";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

/** Dated, so that a listing is in order. `at`: UTC, RFC 3339. */
export function backupPath(state: string, at: string, sha256: string): string {
  return join(state, "env_backups", `${at.replaceAll(/[-:.]/g, "")}-${sha256.slice(0, 12)}.env`);
}

/** Written once; a second time, after a crash, it is the same. Removes the oldest beyond `keepMax`. */
export async function writeBackup(path: string, bytes: Uint8Array, keepMax: number): Promise<void> {
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  await writeFileAtomic(path, bytes, { mode: 0o600 });
  const names = readdirSync(directory)
    .filter((name) => name.endsWith(".env"))
    .toSorted();
  for (const name of names.slice(0, -keepMax)) rmSync(join(directory, name), { force: true });
}
