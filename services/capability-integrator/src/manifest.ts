import { IntegrationFailed, InvestigationComplete, ModuleIntegrated } from "@kloros/signal-schema";
import type { Manifest } from "@kloros/daemon";
import { Type } from "@sinclair/typebox";

export const config = Type.Object({
  confidenceMin: Type.Number({
    default: 0.6,
    minimum: 0,
    maximum: 1,
    description: "An investigation below this confidence (0 to 1) integrates nothing.",
  }),
  createInit: Type.Boolean({
    default: true,
    description: "Whether a missing __init__.py is created in an integrated module's directory.",
  }),
  lockTimeoutMs: Type.Integer({
    default: 10_000,
    minimum: 1,
    maximum: 25_000,
    description: "How long another writer of the registry is waited for before the delivery is retried, ms.",
  }),
});

export const manifest = {
  name: "capability-integrator",
  purpose: "Enters investigated modules into the registry of capabilities.",
  consumes: [InvestigationComplete],
  emits: [ModuleIntegrated, IntegrationFailed],
  config,
  decisions: [
    "A completion whose hypothesis is not UNDISCOVERED_MODULE_* is acknowledged and nothing is done.",
    "A module that stands in the registry already is left alone, and the log says so.",
    "It is integrated when the investigation completed with enough confidence, the evidence gives at least one Python file and a path, and the directory lies inside the source root and holds a *.py directly.",
    "Otherwise Q_INTEGRATION_FAILED names the first criterion that is not met.",
    "In maintenance mode completions wait.",
    "A full disk, missing rights or a registry that is broken YAML change nothing and are tried again, then dead-lettered.",
  ],
  reads: ["source", "registry"],
  writes: ["registry", "source", "integratedLog", "state"],
} as const satisfies Manifest<typeof config>;
