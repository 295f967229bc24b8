/** One at a time: a migration takes services in and out of work, and what starts them again or takes them away must wait for its end. */
import { existsSync, lstatSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { whileLocked } from "@kloros/daemon";
import { Failure } from "../exit_codes.ts";

/** State, lock, output of commands, backups. */
export function migrationDirectory({ state }: { readonly state: string }): string {
  return join(state, "migration");
}

/** Throws `Failure` where a `kloros migrate` is at work. */
export async function whileMigrating<T>(directory: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  refuseOthers(directory);
  return locked(directory, work);
}

function locked<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const fd = openSync(join(directory, "lock"), "a", 0o600);
  return whileLocked(fd, work, {
    timeoutMs: 0,
    onTimeout: () =>
      new Failure(
        "held",
        `another \`kloros migrate\`, or an upgrade, is at work (${directory}/lock); wait until it has ended`,
      ),
  });
}

/** It lies with the services' user: what that user put there, root does not write into. */
function refuseOthers(directory: string): void {
  const found = lstatSync(directory);
  const uid = process.getuid?.() ?? 0;
  if (found.isDirectory() && (found.uid === uid || uid !== 0)) return;
  throw new Failure(
    "negative",
    `${directory} ${found.isDirectory() ? `belongs to uid ${found.uid}` : "is no directory"}, so root does not keep the migration's state in it. ` +
      `Look at it; when it is right: chown 0 ${directory}; else move it away`,
  );
}

/** The same for whoever does not migrate: without a migration nothing is made. */
export async function whileNobodyMigrates<T>(directory: string, work: () => Promise<T>): Promise<T> {
  return existsSync(directory) ? locked(directory, work) : work();
}
