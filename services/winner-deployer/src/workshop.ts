/** What a deployment is done with. */
import type { Logger } from "@kloros/daemon";
import type { LockOptions } from "./env_store.ts";
import type { DeployerConfig } from "./manifest.ts";
import type { DeployPlan, RollbackPlan } from "./plan.ts";
import { runCommand } from "./run_command.ts";
import type { CommandResult } from "./run_command.ts";

export interface Workshop {
  readonly config: DeployerConfig;
  /** The environment file. */
  readonly target: string;
  readonly state: string;
  readonly lock: LockOptions;
  readonly log: Logger;
  /** Whether the delivery would become a dead letter by this error. */
  isEnd(error: unknown): boolean;
  savePlan(plan: DeployPlan | RollbackPlan): Promise<void>;
}

/** The reload or the validation command; success when none is configured. */
export async function runConfigured(shop: Workshop, which: "reload" | "validation"): Promise<CommandResult> {
  const { config, lock, log } = shop;
  const [argv, timeoutMs] =
    which === "reload"
      ? [config.reloadCommand, config.reloadTimeoutMs]
      : [config.validationCommand, config.validationTimeoutMs];
  if (argv.length === 0) return { ok: true };
  log.info({ program: argv[0], timeoutMs }, `running the ${which} command`);
  const result = await runCommand(argv, { timeoutMs, abort: lock.abort });
  return result.ok ? result : { ok: false, reason: `the ${which} command ${result.reason}` };
}
