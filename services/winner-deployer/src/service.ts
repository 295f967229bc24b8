import { messageOf } from "@kloros/daemon";
import type { Service } from "@kloros/daemon";
import { DreamComplete, isSignal, WinnerDecision } from "@kloros/signal-schema";
import { isNeverAllowed } from "./allow_list.ts";
import { showStanding } from "./deployer.ts";
import { handleCycle } from "./handle_cycle.ts";
import { handleDecision } from "./handle_decision.ts";
import { listWinners } from "./list_winners.ts";
import { manifest } from "./manifest.ts";
import type { config, DeployerConfig } from "./manifest.ts";

/** With a backoff of at most a minute: some minutes to free a disk or end another writer; then the answer says so. */
const ATTEMPTS_MAX = 10;

/** Reading, writing, waiting for the lock. */
const FILE_WORK_MS = 120_000;
/** Groups of one cycle: all together, then each of 32 alone. */
const GROUPS_MAX = 33;

function handlerTimeoutMs({ reloadTimeoutMs, validationTimeoutMs }: DeployerConfig): number {
  return FILE_WORK_MS + GROUPS_MAX * (2 * reloadTimeoutMs + validationTimeoutMs);
}

export const service: Service<typeof config> = {
  manifest,
  start: async (context) => {
    for (const { key } of context.config.allow) {
      if (isNeverAllowed(key)) context.log.warn({ key }, "is on the allow-list and yet never allowed");
    }
    const deployer = { context, environment: process.env, attemptsMax: ATTEMPTS_MAX };
    let trouble: string | undefined;
    context.health("deployment", () => trouble);
    showStanding(context, await listWinners(context.paths).catch(() => []));
    const options = {
      signals: [DreamComplete, WinnerDecision],
      start: { from: "earliest" },
      stateKey: "",
      attemptsMax: ATTEMPTS_MAX,
      handlerTimeoutMs: handlerTimeoutMs(context.config),
      pauseInMaintenance: true,
    } as const;
    await context.consume(options, async (delivery) => {
      try {
        const handle = isSignal(DreamComplete, delivery.signal) ? handleCycle : handleDecision;
        const result = await handle(deployer, delivery);
        trouble = undefined;
        return result;
      } catch (error) {
        trouble = messageOf(error);
        throw error;
      }
    });
  },
};
