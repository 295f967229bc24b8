/** Every check of this service. A new one is a directory of its own, named here and in manifest.ts. */
import type { ServiceContext } from "@kloros/daemon";
import type { Check } from "./check.ts";
import { healthChecks } from "./health/health_checks.ts";
import type { config } from "./manifest.ts";
import { newModulesCheck } from "./modules/new_modules.ts";
import { promotionPlaces } from "./promotions/places.ts";
import { promotionsCheck } from "./promotions/promotions.ts";

export type MonitorContext = ServiceContext<typeof config>;

export function createChecks(context: MonitorContext): readonly Check[] {
  const { config, paths } = context;
  const waitIn = promotionPlaces(paths, config.promotions).map(({ path }) => path);
  return [
    newModulesCheck(context),
    promotionsCheck(context, config.promotions),
    ...healthChecks(context, { config: config.health, promotions: waitIn }),
  ];
}
