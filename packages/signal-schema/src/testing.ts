export {
  arbitraryDefinition,
  arbitraryEnvelope,
  arbitraryFacts,
  arbitraryId,
  arbitraryInvalidEnvelope,
  mutations,
} from "./testing/arbitrary_envelope.ts";
export type { InvalidEnvelope, Mutation } from "./testing/arbitrary_envelope.ts";
export { choicesOf } from "./testing/choices.ts";
export type { Choices } from "./testing/choices.ts";
export { cpuWatch } from "./testing/cpu_watch.ts";
export { fuzz, FUZZ_LIMIT_MS } from "./testing/fuzz.ts";
export type { FuzzOptions } from "./testing/fuzz.ts";
