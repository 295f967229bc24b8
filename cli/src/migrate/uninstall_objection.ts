/** Why an installation must not be taken away yet: it does work that the old side does not do any more. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { InstallLayout } from "../units/layout.ts";
import { FIRST, LAST, phaseAt } from "./phases.ts";
import { migrationDirectory } from "./migration_lock.ts";
import { readMigration } from "./migration_state.ts";

export interface Uninstalling {
  /** The state directory goes too. */
  readonly purge: boolean;
  /** Before every path; empty on the running machine. */
  readonly root: string;
}

/** Undefined: nothing stands against it. Throws `Failure` when the state of the migration is not understood. */
export function uninstallObjection(
  { state }: Pick<InstallLayout, "state">,
  { purge, root }: Uninstalling,
): string | undefined {
  const directory = join(root, migrationDirectory({ state }));
  const { position, pending } = readMigration(join(directory, "migration.json"));
  if (pending !== null || (position !== FIRST && position !== LAST)) {
    const where = pending === null ? "" : ", half-way to another";
    return `the migration from the old side is in phase ${position}, ${phaseAt(position).name}${where}; go back to its begin first: kloros migrate back`;
  }
  const backups = existsSync(directory)
    ? readdirSync(directory).filter((name) => name.startsWith("backup-"))
    : [];
  if (!purge || backups.length === 0) return undefined;
  return `the old side's files lie in ${backups.map((name) => join(directory, name)).join(", ")} and would go with the data; move them elsewhere first`;
}
