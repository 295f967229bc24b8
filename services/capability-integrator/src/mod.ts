export { listIntegrations, undoIntegration } from "./integrations.ts";
export type { UndoOptions, UndoRefusal, UndoResult } from "./integrations.ts";
export type { IntegrationRecord } from "./integration_record.ts";
export { service } from "./service.ts";
