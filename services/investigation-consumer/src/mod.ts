export { createService, service } from "./service.ts";
export { manifest } from "./manifest.ts";
export type { ModuleAnalysis, ModuleAnalyst, ModuleQuestion } from "./analyst.ts";
export type { GenericRecord, InvestigationRecord, ModuleRecord } from "./record.ts";
