/** Every check of this service. A new one is a directory of its own, named here and in manifest.ts. */
import type { ServiceContext } from "@kloros/daemon";
import type { Check } from "./check.ts";
import { healthChecks } from "./health/health_checks.ts";
import type { config } from "./manifest.ts";
import { newModulesCheck } from "./modules/new_modules.ts";
import { promotionsCheck } from "./promotions/promotions.ts";
import { createStatusParts } from "./status_parts.ts";

export type MonitorContext = ServiceContext<typeof config>;

export function createChecks(context: MonitorContext): readonly Check[] {
  const { config } = context;
  const part = createStatusParts((line) => context.status(line));
  const promotions = promotionsCheck({ ...context, status: part() }, config.promotions);
  return [
    newModulesCheck(context),
    promotions,
    ...healthChecks(
      { ...context, status: part() },
      { config: config.health, promotionsWait: () => promotions.wait() },
    ),
  ];
}
