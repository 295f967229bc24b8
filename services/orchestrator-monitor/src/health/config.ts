/** Section `[orchestrator-monitor.health]`. The defaults are the thresholds that installations use (FACTS B8). */
import type { Installation } from "@kloros/daemon";
import {
  DreamComplete,
  DreamTimeout,
  HealthAlert,
  InvestigationTimeout,
  type SignalDefinition,
} from "@kloros/signal-schema";
import { Type, type Static } from "@sinclair/typebox";

const percent = (standard: number, description: string) =>
  Type.Number({ default: standard, minimum: 0, maximum: 100, description: `${description}, %.` });

const amount = (standard: number, description: string) =>
  Type.Integer({ default: standard, minimum: 0, maximum: 1_000_000_000, description });

const span = (standard: number, description: string) =>
  Type.Integer({
    default: standard,
    minimum: 0,
    maximum: 30 * 86_400_000,
    description: `${description}, ms.`,
  });

export const config = Type.Object(
  {
    intervalMs: Type.Integer({
      default: 60_000,
      minimum: 20,
      maximum: 86_400_000,
      description: "How often each condition is looked at, ms.",
    }),
    clearMargin: Type.Number({
      default: 0.05,
      minimum: 0,
      maximum: 0.9,
      description:
        "An alert clears when its value is below the threshold by more than this share of it, so that a value that jitters does not flap.",
    }),
    quietMs: span(
      600_000,
      "While an alert keeps its severity, a moved value is told again at the earliest after",
    ),
    memoryPercentMax: percent(
      85,
      "Memory in use that is tolerated (of the container's limit, where it has one)",
    ),
    swapPercentMax: percent(50, "Swap in use that is tolerated; a machine without swap is fine"),
    loadPerCoreMax: Type.Number({
      default: 1.5,
      minimum: 0.1,
      maximum: 1000,
      description: "Load average of five minutes that is tolerated, for each core.",
    }),
    diskPercentMax: percent(
      80,
      "Use of a file system that holds home, state or source from which on it is a warning",
    ),
    diskPercentCritical: percent(90, "Use of such a file system from which on it is critical"),
    deadLettersMax: amount(10, "Dead letters that are tolerated; more are a warning."),
    deadLettersCritical: amount(100, "Dead letters from which on it is critical."),
    lagOpenMax: amount(1000, "Signals that may wait for one consumer."),
    lagAgeMaxMs: span(3_600_000, "How long a signal may wait for one consumer"),
    silentMaxMs: span(60_000, "How long a service may be off the bus without being paused"),
    restartsMax: amount(3, "Restarts of one service within restartsWindowMs that are tolerated."),
    restartsWindowMs: span(600_000, "For how long a restart counts"),
    busRoundTripMaxMs: span(1000, "How long the bus may take to answer a probe"),
    dreamFailuresMax: amount(
      2,
      "Failed D-REAM cycles in a row that are tolerated; the next one is an alert.",
    ),
    promotionsWaitMaxMs: span(7_200_000, "How long promotions may wait while no D-REAM cycle ends"),
    timeoutsWindowMs: span(
      3_600_000,
      "How long the timeout of an investigation or a D-REAM cycle is an alert",
    ),
    gpuMemoryPercentMax: percent(
      98,
      "Memory of a GPU in use that is tolerated; a machine without one is fine",
    ),
    gpuTemperatureMax: Type.Number({
      default: 90,
      minimum: 0,
      maximum: 200,
      description: "Temperature of a GPU that is tolerated, °C.",
    }),
  },
  { default: {} },
);

export type HealthConfig = Static<typeof config>;

export const consumes: readonly SignalDefinition[] = [DreamComplete, DreamTimeout, InvestigationTimeout];
export const emits: readonly SignalDefinition[] = [HealthAlert];
export const decisions: readonly string[] = [
  "A health alert is told when a value crosses its threshold, when its severity changes or the value moved much, and when it is over: below the threshold minus a margin.",
  "Memory, swap, load, GPUs, an unfit service and a slow bus have to be beyond the threshold at two looks in a row.",
  "A service is silent when it holds or held a consumer, or was seen on the bus, and is not connected; one that is paused, or any during maintenance, is not.",
  "Timeouts of investigations and D-REAM cycles, failed cycles in a row and promotions that wait while no cycle ends are alerts with advice.",
];
export const reads: readonly (keyof Installation)[] = [
  "home",
  "source",
  "runtime",
  "maintenanceMarker",
  "paused",
];
export const writes: readonly (keyof Installation)[] = ["state"];
