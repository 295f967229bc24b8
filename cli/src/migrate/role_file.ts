/**
 * What a service may do during the migration, said to systemd: a drop-in of its unit. It goes before every file of
 * configuration, so a mistake there lets nobody act before its turn.
 */
import { chmodSync, existsSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { errorCode, syncDirectory, writeFileAtomic } from "@kloros/daemon";
import { makeDirectories } from "../files/make_directories.ts";
import type { InstallLayout } from "../units/layout.ts";
import { type Migrated, MIGRATED, type Role } from "./phases.ts";

export const ROLE_FILE = "50-migrate.conf";

const TEXTS: Readonly<Record<Role, string>> = {
  act: "[Service]\nEnvironment=KLOROS_MODE=act\n",
  observe: "[Service]\nEnvironment=KLOROS_MODE=observe\n",
  waits:
    "# Not its turn yet: the condition never holds, so systemd does not start it.\n[Unit]\nConditionPathExists=!/\n\n[Service]\nEnvironment=KLOROS_MODE=observe\n",
};

/** The operator's own directory: that of the units may be a package's. */
export function dropInDirectory({ mode, unitDirectory }: InstallLayout): string {
  return mode === "system" ? "/etc/systemd/system" : unitDirectory;
}

export function roleFilePath(unitDirectory: string, service: Migrated): string {
  return join(unitDirectory, `kloros-${service}.service.d`, ROLE_FILE);
}

function roleText(role: Role): string {
  return `# Written by kloros migrate; \`kloros migrate status\` explains it.\n${TEXTS[role]}`;
}

/** Undefined: nothing is said about it, or by somebody else's hand. */
export function readRole(path: string): Role | undefined {
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, "utf8");
  return (["act", "observe", "waits"] as const).find((role) => roleText(role) === text);
}

/** What it says is known to `kloros migrate status`. One that somebody changed is theirs. */
export function isOfMigration(path: string): boolean {
  return basename(path) === ROLE_FILE && readRole(path) !== undefined;
}

/** Without the `root`: what stands there by `kloros migrate`'s hand. */
export function roleFiles(unitDirectory: string, root: string): readonly string[] {
  return MIGRATED.map((service) => roleFilePath(unitDirectory, service)).filter((path) =>
    isOfMigration(join(root, path)),
  );
}

/** On disk when it resolves. */
export async function writeRole(path: string, role: Role | undefined): Promise<void> {
  if (role !== undefined) {
    makeDirectories(dirname(path));
    await writeFileAtomic(path, roleText(role));
    chmodSync(path, 0o644);
    return;
  }
  rmSync(path, { force: true });
  if (existsSync(dirname(path))) syncDirectory(dirname(path));
  removeIfEmpty(dirname(path));
}

export function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!["ENOENT", "ENOTEMPTY", "EEXIST"].includes(errorCode(error) ?? "")) throw error;
  }
}
