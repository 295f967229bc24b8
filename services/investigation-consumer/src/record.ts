/** The lines of `curiosity_investigations.jsonl`, in the shapes that existing readers know (FACTS B3). Pure. */
import type { ModuleAnalysis } from "./analyst.ts";
import type { Question } from "./decide.ts";
import type { FileProblem, ModuleFindings, ModuleStructure } from "./module_structure.ts";

/** What is fixed once for an investigation, so that doing it again after a crash gives the same record. */
export interface Stamp {
  /** Local naive ISO with microseconds; the key by which records are found. */
  readonly timestamp: string;
  readonly duration_ms: number;
  readonly queue_wait_time_ms: number;
}

interface RecordBase extends Stamp {
  readonly question_id: string;
  readonly question: string;
  readonly hypothesis: string | null;
  readonly capability_key: string | null;
  readonly investigation_method: string;
  readonly status: "completed" | "failed";
  readonly success: boolean;
  readonly error: string | null;
  readonly confidence: number;
  readonly model_used: string | null;
  readonly tokens_used: number;
  readonly prompt_tokens: number;
  /** Where failures were recorded before, these two told why. */
  readonly failure_reason?: string;
  readonly timeout?: boolean;
}

export interface ModuleRecord extends RecordBase {
  readonly module_name: string;
  readonly module_path: string;
  readonly files_analyzed: readonly string[];
  readonly structure: ModuleStructure;
  readonly llm_analysis: ModuleAnalysis;
  readonly capabilities: readonly string[];
  readonly integration_points: readonly string[];
  readonly key_abstractions: readonly string[];
  readonly callable_interface: readonly string[];
  readonly evidence: readonly string[];
  readonly entry_points: readonly string[];
  readonly complexity: number;
  readonly file_problems: readonly FileProblem[];
  /** Limits that left something out of this record; empty when it is whole. */
  readonly limits_reached: readonly string[];
}

export interface GenericRecord extends RecordBase {
  readonly investigation_type: "generic";
  /** Modules of the source tree that the question mentions. */
  readonly evidence: readonly { readonly type: string; readonly detail: string }[];
  readonly iterations: number;
  readonly analysis: { readonly summary: string; readonly language_model: string };
}

export type InvestigationRecord = ModuleRecord | GenericRecord;

export interface ModuleResult {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly method: string;
  readonly findings: ModuleFindings;
  readonly analysis: ModuleAnalysis;
  /** Why it failed; absent when it did not. */
  readonly failure?: { readonly reason: string; readonly timeout: boolean };
}

/** Key order is the order in which people read the file: when, what, found, asked, how it went. */
export function moduleRecord(question: Question, stamp: Stamp, result: ModuleResult): ModuleRecord {
  const { findings, analysis } = result;
  const failed = result.failure !== undefined;
  return {
    timestamp: stamp.timestamp,
    module_name: result.name,
    module_path: result.path,
    question: question.question,
    files_analyzed: findings.files,
    structure: findings.structure,
    llm_analysis: analysis,
    capabilities: analysis.capabilities,
    integration_points: analysis.integration_points,
    key_abstractions: analysis.key_abstractions,
    callable_interface: analysis.callable_interface,
    entry_points: findings.entryPoints,
    complexity: findings.complexity,
    file_problems: findings.problems,
    limits_reached: findings.limits,
    success: !failed,
    error: result.failure?.reason ?? null,
    confidence: failed ? 0 : analysis.confidence,
    model_used: analysis.model_used,
    tokens_used: analysis.tokens_used,
    prompt_tokens: analysis.prompt_tokens,
    question_id: question.question_id,
    hypothesis: question.hypothesis ?? null,
    capability_key: question.capability_key ?? null,
    evidence: question.evidence,
    investigation_method: result.method,
    duration_ms: stamp.duration_ms,
    queue_wait_time_ms: stamp.queue_wait_time_ms,
    status: failed ? "failed" : "completed",
    ...(result.failure === undefined
      ? {}
      : { failure_reason: result.failure.reason, timeout: result.failure.timeout }),
  };
}

const NO_MODEL = "none is configured";

/** A question about no module: answered with the modules that it mentions, and with what would be needed for more. */
export function genericRecord(question: Question, stamp: Stamp, mentioned: readonly string[]): GenericRecord {
  const found = mentioned.length > 0;
  const summary = found
    ? `The question mentions ${mentioned.join(", ")}. Without a language model nothing more was concluded.`
    : "The question names no module of the source tree, and without a language model nothing more can be said.";
  return {
    timestamp: stamp.timestamp,
    question: question.question,
    question_id: question.question_id,
    investigation_type: "generic",
    evidence: [
      ...question.evidence.map((detail) => ({ type: "given", detail })),
      ...mentioned.map((detail) => ({ type: "source_module", detail })),
    ],
    iterations: 1,
    analysis: { summary, language_model: NO_MODEL },
    confidence: found ? 0.2 : 0,
    success: found,
    error: found ? null : summary,
    model_used: null,
    tokens_used: 0,
    prompt_tokens: 0,
    hypothesis: question.hypothesis ?? null,
    capability_key: question.capability_key ?? null,
    investigation_method: "generic_adaptive",
    duration_ms: stamp.duration_ms,
    queue_wait_time_ms: stamp.queue_wait_time_ms,
    status: found ? "completed" : "failed",
    ...(found ? {} : { failure_reason: summary, timeout: false }),
  };
}

export function isModuleRecord(record: InvestigationRecord): record is ModuleRecord {
  return "module_name" in record;
}
