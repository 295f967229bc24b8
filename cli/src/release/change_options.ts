/** What an upgrade and a rollback are told alike. */
import type { Command } from "commander";
import { addInstallationOptions, type InstallationFlags } from "../install/installation_options.ts";
import { timeSpan } from "../read_options.ts";

export interface ChangeFlags extends InstallationFlags {
  /** For all services to get ready, ms. */
  readonly timeout: number;
  readonly yes?: boolean;
}

const TIMEOUT_MS = 120_000;

export function addChangeOptions(command: Command): Command {
  return addInstallationOptions(
    command
      .option("--timeout <time>", "for all services to get ready", timeSpan, TIMEOUT_MS)
      .option("--yes", "do not ask"),
  );
}
