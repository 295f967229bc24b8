/** All signals there are, by name. A new signal is added here and nowhere else. */
import type { SignalDefinition } from "./definition.ts";
import {
  DeploymentComplete,
  DeploymentFailed,
  WinnerDecided,
  WinnerDecision,
  WinnerDeployed,
} from "./signals/deployment.ts";
import {
  DreamComplete,
  DreamProgress,
  DreamTimeout,
  DreamTrigger,
  PromotionsDetected,
} from "./signals/dream.ts";
import { HealthAlert, LoopDetected } from "./signals/health.ts";
import { IntegrationFailed, ModuleDiscovered, ModuleIntegrated } from "./signals/integration.ts";
import { IntegrationFix, IntentReady, RunScanner, SpicaSpawn, WorkflowSuggested } from "./signals/intents.ts";
import {
  CuriosityInvestigate,
  EvidenceUpdated,
  InvestigationComplete,
  InvestigationTimeout,
} from "./signals/investigation.ts";
import { PhaseComplete, PhaseTrigger, PhaseWindowOpen } from "./signals/phase.ts";
import { PolicyDue } from "./signals/policy.ts";

const all: readonly SignalDefinition[] = [
  IntentReady,
  CuriosityInvestigate,
  InvestigationComplete,
  InvestigationTimeout,
  EvidenceUpdated,
  ModuleIntegrated,
  IntegrationFailed,
  ModuleDiscovered,
  HealthAlert,
  LoopDetected,
  WorkflowSuggested,
  IntegrationFix,
  SpicaSpawn,
  RunScanner,
  PromotionsDetected,
  PolicyDue,
  DreamTrigger,
  DreamProgress,
  DreamComplete,
  DreamTimeout,
  WinnerDeployed,
  DeploymentFailed,
  DeploymentComplete,
  WinnerDecision,
  WinnerDecided,
  PhaseWindowOpen,
  PhaseTrigger,
  PhaseComplete,
];

/** By name, in the order in which the flows go. */
export const signals: ReadonlyMap<string, SignalDefinition> = new Map(
  all.map((definition) => [definition.name, definition]),
);

export function findSignal(name: string): SignalDefinition | undefined {
  return signals.get(name);
}
