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
