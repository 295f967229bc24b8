/** One at a time: a migration takes services in and out of work, and what starts them again or takes them away must wait for its end. */
import { existsSync, mkdirSync, openSync } from "node:fs";
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

/** The same for whoever does not migrate: without a migration nothing is made. */
export async function whileNobodyMigrates<T>(directory: string, work: () => Promise<T>): Promise<T> {
  return existsSync(directory) ? whileMigrating(directory, work) : work();
}
