export { ENVELOPE_LIMITS } from "./envelope.ts";
export type { Envelope } from "./envelope.ts";
export type {
  Deadline,
  DeliveryMode,
  Emitter,
  FactsOf,
  Lane,
  SignalDefinition,
  SignalKind,
} from "./definition.ts";
export { defineSignal } from "./define_signal.ts";
export type { SignalSpec } from "./define_signal.ts";
export { emitters, legacyName } from "./emitters.ts";

export { IntegrationFix, IntentReady, RunScanner, SpicaSpawn, WorkflowSuggested } from "./signals/intents.ts";
export {
  CuriosityInvestigate,
  EvidenceUpdated,
  InvestigationComplete,
  InvestigationTimeout,
  SUMMARY_BYTES_MAX,
} from "./signals/investigation.ts";
export type { InvestigationSummary } from "./signals/investigation.ts";
export { IntegrationFailed, ModuleDiscovered, ModuleIntegrated } from "./signals/integration.ts";
export { HealthAlert, LoopDetected } from "./signals/health.ts";
export {
  DreamComplete,
  DreamProgress,
  DreamTimeout,
  DreamTrigger,
  PromotionsDetected,
} from "./signals/dream.ts";
export {
  DeploymentComplete,
  DeploymentFailed,
  WinnerDecided,
  WinnerDecision,
  WinnerDeployed,
} from "./signals/deployment.ts";
export { PhaseComplete, PhaseTrigger, PhaseWindowOpen } from "./signals/phase.ts";
export { PolicyDue } from "./signals/policy.ts";
export { findSignal, signals } from "./catalogue.ts";

export { checkEnvelope, parseEnvelope, validateEnvelope } from "./check_envelope.ts";
export type { EnvelopeErrorCode, EnvelopeResult } from "./check_envelope.ts";
export { validateFacts } from "./validate_facts.ts";
export type { FactsResult } from "./validate_facts.ts";
export { canonicalSource, emitterAllowed } from "./source.ts";
export { isUtcTimestamp } from "./utc_timestamp.ts";

export { createUuidv7Source, isUuid, uuidv7 } from "./uuid.ts";
export { deriveId, deriveRootId } from "./derive_id.ts";
export { createChild, createRoot, isSignal } from "./build_signal.ts";
export type { ChildOptions, RootOptions } from "./build_signal.ts";

export { evidenceHash, stableEvidence } from "./evidence_hash.ts";
export { canonicalJson } from "./canonical_json.ts";
export { deeperThan } from "./depth.ts";
