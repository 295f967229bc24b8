/** Which installation a command is about. */
import type { Command } from "commander";
import { addCommonOptions, type CommonFlags } from "../shared_options.ts";

export interface InstallationFlags extends CommonFlags {
  readonly user?: boolean;
  readonly root?: string;
}

/** Adds them, and those that every command has. */
export function addInstallationOptions(command: Command): Command {
  return addCommonOptions(
    command
      .option("--user", "this user's installation")
      .option("--root <dir>", "of the image that lies there"),
  );
}
