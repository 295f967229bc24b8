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
export type { Boot } from "./deadlines/time_away.ts";
export { JournalError, JournalFullError } from "./database.ts";
export { sayDamaged } from "./audit/audit.ts";
export type { AuditReport, AuditedConsumer, DamagedAt } from "./audit/audit.ts";
export { backupJournal, restoreJournal } from "./repair/backup.ts";
export type { BackupReport, RestoreReport } from "./repair/backup.ts";
export { downgradeJournal, JOURNAL_SCHEMA, journalVersions, migrateJournal } from "./downgrade.ts";
export type { JournalVersions, VersionChange } from "./downgrade.ts";
export { rehearseMigration } from "./rehearse.ts";
export type { Rehearsal } from "./rehearse.ts";
export { repairJournal } from "./repair/repair.ts";
export type { RepairReport } from "./repair/repair.ts";
export { pruneable } from "./upkeep/prune.ts";
export type { RetentionLimits } from "./upkeep/retention.ts";
export { auditJournal, verifyJournal } from "./audit/verify.ts";
export type { VerifyReport } from "./audit/verify.ts";
export { letterNumbers, saidSignals } from "./audit/ledgers.ts";
export type { SaidSignal } from "./audit/ledgers.ts";
