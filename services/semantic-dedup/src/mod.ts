export { manifest } from "./manifest.ts";
export { service } from "./service.ts";
export type { EvidenceEntry, EvidenceFile, Suppression } from "./evidence.ts";
