/** What this check remembers over a restart, in one file: what cycles came to, and its alerts. */
import type { ServiceContext } from "@kloros/daemon";
import { join } from "node:path";
import { NOTHING_KNOWN, type AlertMemory } from "../health/alert.ts";
import { openMemory } from "../memory_file.ts";
import { NOTHING_REMEMBERED, type PromotionMemory } from "./decide.ts";
import { isRecord } from "./promotion_content.ts";

interface Remembered {
  readonly promotions: PromotionMemory;
  readonly alerts: AlertMemory;
}

/** What is kept is on disk when the promise resolves (in observe mode: in this process only). */
export interface PromotionMemoryFile {
  promotions(): Promise<PromotionMemory>;
  keepPromotions(promotions: PromotionMemory): Promise<void>;
  alerts(): Promise<AlertMemory>;
  keepAlerts(alerts: AlertMemory): Promise<void>;
}

export function openPromotionMemory(
  context: Pick<ServiceContext, "paths" | "mode" | "log">,
): PromotionMemoryFile {
  const file = openMemory<Remembered>(join(context.paths.state, "orchestrator-monitor.promotions.json"), {
    durable: context.mode === "act",
    key: "promotions",
    read: readRemembered,
    damaged: (keptAs) =>
      context.log.warn(
        { keptAs },
        "the memory of promotions was damaged; failed cycles count from now on, and what is wrong is told again",
      ),
  });
  const recall = async (): Promise<Remembered> =>
    (await file.get()) ?? { promotions: NOTHING_REMEMBERED, alerts: NOTHING_KNOWN };
  return {
    promotions: async () => (await recall()).promotions,
    keepPromotions: async (promotions) => file.set({ ...(await recall()), promotions }),
    alerts: async () => (await recall()).alerts,
    keepAlerts: async (alerts) => file.set({ ...(await recall()), alerts }),
  };
}

function readRemembered(value: unknown): Remembered | null {
  if (!isRecord(value)) return null;
  const { promotions, alerts } = value;
  const whole =
    isRecord(promotions) &&
    ["handled", "cycles", "due"].every((name) => Array.isArray(promotions[name])) &&
    isRecord(promotions["failures"]) &&
    isRecord(alerts) &&
    isRecord(alerts["standing"]) &&
    Array.isArray(alerts["due"]);
  return whole ? (value as unknown as Remembered) : null;
}
