/** For tests that let the decisions of this service run without its files. */
export { decide, type DirectoryInspection, directoryToInspect, type ModuleToIntegrate } from "./decide.ts";
export { capabilityKey, claimedName, type Completion } from "./evidence.ts";
export type { RegisteredEntry } from "./registry_document.ts";
