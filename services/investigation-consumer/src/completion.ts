/** The completion that a record leads to. Made from the record alone, so a redelivery says the same. Pure. */
import { type FactsOf, type InvestigationComplete, SUMMARY_BYTES_MAX } from "@kloros/signal-schema";
import type { Question } from "./decide.ts";
import { type InvestigationRecord, isModuleRecord, type ModuleRecord } from "./record.ts";
import { boundedSummary } from "./summary.ts";

export type Completion = FactsOf<typeof InvestigationComplete>;

/** Evidence is repeated in the completion up to this size, bytes; a signal holds 256 KiB with all it says. */
const EVIDENCE_BYTES_MAX = 48 * 1024;
const QUESTION_CHARACTERS_MAX = 16_384;
const ERROR_CHARACTERS_MAX = 4_096;

export function completionOf(question: Question, record: InvestigationRecord): Completion {
  const evidence = fitting(question.evidence, EVIDENCE_BYTES_MAX);
  const common: Completion = {
    investigation_timestamp: record.timestamp,
    question_id: question.question_id,
    status: record.status,
    outcome: record.status,
    duration_ms: record.duration_ms,
    queue_wait_time_ms: record.queue_wait_time_ms,
    question: question.question.slice(0, QUESTION_CHARACTERS_MAX).toWellFormed(),
    priority: question.priority,
    evidence,
    confidence: record.confidence,
    method: record.investigation_method,
    truncated: evidence.length < question.evidence.length,
    ...optional("hypothesis", question.hypothesis),
    ...optional("capability_key", question.capability_key),
    ...optional("model_used", record.model_used ?? undefined),
    ...optional("tokens_used", record.model_used === null ? undefined : record.tokens_used),
    ...optional("error", record.error?.slice(0, ERROR_CHARACTERS_MAX).toWellFormed()),
  };
  return isModuleRecord(record) ? withModule(common, record) : common;
}

function withModule(common: Completion, record: ModuleRecord): Completion {
  const { summary, truncated } = boundedSummary(record, SUMMARY_BYTES_MAX);
  return {
    ...common,
    module_name: record.module_name,
    module_path: record.module_path,
    summary,
    truncated: truncated || common.truncated === true || record.limits_reached.length > 0,
  };
}

/** As many from the front as fit. */
function fitting(texts: readonly string[], bytesMax: number): string[] {
  let bytes = 0;
  const end = texts.findIndex((text) => (bytes += new TextEncoder().encode(text).length + 3) > bytesMax);
  return texts.slice(0, end === -1 ? undefined : end);
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: Value };
}
