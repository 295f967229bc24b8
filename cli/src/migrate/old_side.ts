/** The old side, by the commands that were configured for it. */
import { systemClock } from "@kloros/daemon";
import { type MigrateSettings, shareCommands } from "./migrate_config.ts";
import type { Share } from "./phases.ts";
import { type CommandResult, keepOutput, runCommand } from "./run_command.ts";
import { StepError } from "./run_steps.ts";

/** `running`: switched off, but its last run has not ended. */
export type OldState = "on" | "running" | "off";

const STATES: readonly OldState[] = ["on", "running", "off"];

export interface OldSideOptions {
  readonly settings: MigrateSettings;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the output of commands is kept. */
  readonly commandLog: string;
}

export class OldSideCommands {
  readonly #options: OldSideOptions;

  constructor(options: OldSideOptions) {
    this.#options = options;
  }

  /** Rejects with `StepError` at the first command that fails. */
  async switch(share: Share, to: "on" | "off"): Promise<void> {
    const { enable, disable } = shareCommands(this.#options.settings, share);
    for (const line of to === "on" ? enable : disable) {
      const result = await this.#run(line);
      if (result.code !== 0) throw new StepError(complaint(line, result, this.#options.commandLog));
    }
  }

  /** Rejects with `StepError` when it cannot be told. */
  async state(share: Share): Promise<OldState> {
    const { probe } = shareCommands(this.#options.settings, share);
    const { timeoutMs, env } = this.#limits();
    const result = await runCommand(probe, { timeoutMs, env });
    const word = result.out.trim().split(/\s+/).at(-1);
    const state = STATES.find((one) => one === word);
    if (state !== undefined && result.code === 0) return state;
    throw new StepError(
      `the probe of [migrate.${share}] did not say on, running or off: ${complaint(probe, result)}`,
    );
  }

  async #run(line: string): Promise<CommandResult> {
    const at = new Date(systemClock.wallMs()).toISOString();
    const result = await runCommand(line, this.#limits());
    keepOutput(this.#options.commandLog, { at, line, ...result });
    return result;
  }

  #limits(): { readonly timeoutMs: number; readonly env: OldSideOptions["env"] } {
    return { timeoutMs: this.#options.settings.commandTimeoutMs, env: this.#options.env };
  }
}

const SHOWN_MAX = 500;

function complaint(line: string, result: CommandResult, log?: string): string {
  const { code, timedOut, out, err } = result;
  const how = timedOut ? "did not end in time and was killed" : `ended with ${String(code)}`;
  const said = (err.trim() === "" ? out : err).trim().replaceAll("\n", "; ").slice(-SHOWN_MAX);
  const kept = log === undefined ? "" : `; its whole output is in ${log}`;
  return `\`${line.trim().split("\n")[0] ?? ""}\` ${how}: ${said === "" ? "it said nothing" : said}${kept}`;
}
