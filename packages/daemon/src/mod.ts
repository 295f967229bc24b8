export type { Clock, Installation, Logger, Manifest, Mode, Service, ServiceContext } from "./types.ts";
export { writeFileAtomic } from "./files/write_file_atomic.ts";
export type { WriteFileAtomicOptions } from "./files/write_file_atomic.ts";
export { appendOnce, findAppended } from "./ledger/append_once.ts";
export type { AppendOnceOptions, AppendOnceResult } from "./ledger/append_once.ts";
export { planAppend, readAppendPlan } from "./ledger/append_plan.ts";
export type { AppendPlan } from "./ledger/append_plan.ts";
export { CRASH_POINTS, crashPoint } from "./ledger/crash_point.ts";
export type { CrashPoint } from "./ledger/crash_point.ts";
