/** Alerts about promotions, told like the health alerts, in the same look as the promotions themselves. */
import type { ServiceContext } from "@kloros/daemon";
import type { Findings } from "../check.ts";
import { alertCheck } from "../health/alert_check.ts";
import type { PromotionMemoryFile } from "./memory.ts";
import { readingsOf, type Trouble } from "./readings.ts";

export interface PromotionAlerts {
  run(troubles: readonly Trouble[]): Promise<Findings>;
}

/** Numbers of files do not jitter: each change is told. */
const WITHOUT_HYSTERESIS = { clearMargin: 0, quietMs: 0 } as const;

export function promotionAlerts(
  { clock, root, log }: Pick<ServiceContext, "clock" | "root" | "log">,
  memory: PromotionMemoryFile,
): PromotionAlerts {
  let troubles: readonly Trouble[] = [];
  const book = {
    of: () => memory.alerts(),
    // A disk that is full must not keep the promotions from being told of.
    keep: async (_: string, alerts: Parameters<typeof memory.keepAlerts>[0]): Promise<void> => {
      await memory
        .keepAlerts(alerts)
        .catch((error: unknown) =>
          log.warn({ error }, "the alerts cannot be remembered; after a restart they may be told again"),
        );
    },
  };
  const check = alertCheck(
    { name: "promotions", read: async () => troubles.flatMap(readingsOf) },
    { book, clock, root, intervalMs: 0, ...WITHOUT_HYSTERESIS },
  );
  return {
    run: (now) => {
      troubles = now;
      return check.run({ signals: [] });
    },
  };
}
