export {
  arbitraryDefinition,
  arbitraryEnvelope,
  arbitraryFacts,
  arbitraryId,
  arbitraryInvalidEnvelope,
  mutations,
} from "./arbitrary_envelope.ts";
export type { InvalidEnvelope, Mutation } from "./arbitrary_envelope.ts";
