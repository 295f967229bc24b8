/** The manifest, put together from one part a check. */
import type { Manifest } from "@kloros/daemon";
import { ModuleDiscovered, ModuleIntegrated } from "@kloros/signal-schema";
import { Type } from "@sinclair/typebox";
import * as health from "./health/config.ts";
import * as modules from "./modules/config.ts";
import * as promotions from "./promotions/config.ts";

export const config = Type.Object({
  ...modules.config.properties,
  promotions: promotions.config,
  health: health.config,
});

export const manifest = {
  name: "orchestrator-monitor",
  purpose:
    "Reports conditions for others to act on, and acknowledges promotions once they were acted on; decides nothing itself.",
  consumes: [...new Set([ModuleIntegrated, ...promotions.consumes, ...health.consumes])],
  emits: [...new Set([ModuleDiscovered, ...promotions.emits, ...health.emits])],
  config,
  decisions: [...modules.decisions, ...promotions.decisions, ...health.decisions],
  reads: [...new Set(["source", "registry", ...promotions.reads, ...health.reads] as const)],
  writes: [...new Set(["state", ...promotions.writes, ...health.writes] as const)],
} as const satisfies Manifest<typeof config>;
