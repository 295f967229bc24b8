/** What this check remembers over a restart, in one file: what cycles came to, and its alerts. */
import type { ServiceContext } from "@kloros/daemon";
import { join } from "node:path";
import { NOTHING_KNOWN, type AlertMemory } from "../health/alert.ts";
import { openMemory } from "../memory_file.ts";
import type { KeptMemory } from "../memory_file.ts";
import { NOTHING_REMEMBERED, type PromotionMemory } from "./decide.ts";
import { isRecord } from "./promotion_content.ts";

export interface Remembered {
  readonly promotions: PromotionMemory;
  readonly alerts: AlertMemory;
}

export const BLANK: Remembered = { promotions: NOTHING_REMEMBERED, alerts: NOTHING_KNOWN };

export function openPromotionMemory({
  paths,
  mode,
  log,
}: Pick<ServiceContext, "paths" | "mode" | "log">): KeptMemory<Remembered> {
  return openMemory<Remembered>(join(paths.state, "orchestrator-monitor.promotions.json"), {
    durable: mode === "act",
    key: "promotions",
    read: readRemembered,
    damaged: (keptAs) =>
      log.warn(
        { keptAs },
        "the memory of promotions was damaged; failed cycles count from now on, and what is wrong is told again",
      ),
  });
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
