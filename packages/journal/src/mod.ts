export { Broker } from "./broker.ts";
export type { BrokerClock, BrokerOptions } from "./broker_options.ts";
export type {
  AdminOp,
  AdminOps,
  AttachResult,
  BusStatus,
  ConsumerSpec,
  ConsumerStatus,
  DeadLetter,
  DeadLetterState,
  DeadReason,
  DeliveryStateName,
  DenyCode,
  GrantedDelivery,
  HeldLease,
  Identity,
  Page,
  PublishResult,
  ReadQuery,
  Session,
  SessionInfo,
  SessionPort,
  SettleItem,
  SettleResult,
  StartPosition,
  StoredSignal,
} from "./broker_types.ts";
export type { Boot } from "./time_away.ts";
export { JournalError, JournalFullError } from "./database.ts";
export type { AuditReport, AuditedConsumer, DamagedAt } from "./audit.ts";
export { backupJournal, restoreJournal } from "./backup.ts";
export type { BackupReport, RestoreReport } from "./backup.ts";
export { downgradeJournal, JOURNAL_SCHEMA, journalVersions, migrateJournal } from "./downgrade.ts";
export type { JournalVersions, VersionChange } from "./downgrade.ts";
export { rehearseMigration } from "./rehearse.ts";
export type { Rehearsal } from "./rehearse.ts";
export { repairJournal } from "./repair.ts";
export type { RepairReport } from "./repair.ts";
export { pruneable } from "./prune.ts";
export type { RetentionLimits } from "./retention.ts";
export { auditJournal, verifyJournal } from "./verify.ts";
export type { VerifyReport } from "./verify.ts";
export { letterNumbers, saidSignals } from "./ledgers.ts";
export type { SaidSignal } from "./ledgers.ts";
