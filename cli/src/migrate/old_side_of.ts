import { join } from "node:path";
import { OldSideCommands } from "./old_side.ts";
import type { Migration } from "./open_migration.ts";

/** The old side of a migration. Commands get the environment of whoever called. */
export function oldSideOf({
  settings,
  directory,
}: Pick<Migration, "settings" | "directory">): OldSideCommands {
  return new OldSideCommands({ settings, env: process.env, commandLog: join(directory, "commands.jsonl") });
}
