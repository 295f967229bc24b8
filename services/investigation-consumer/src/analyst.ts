/**
 * The seam for whoever says what a module is for. The static analyst (`static_analyst.ts`) always can; a language model
 * may know better and plugs in here, with the static result to fall back on.
 */
import type { ModuleFindings } from "./module_structure.ts";

export interface ModuleQuestion {
  readonly moduleName: string;
  readonly question: string;
  readonly findings: ModuleFindings;
}

/** The record's `llm_analysis`: all keys are always there, because existing readers expect an object. */
export interface ModuleAnalysis {
  readonly purpose: string | null;
  readonly problem_solved: string | null;
  readonly capabilities: readonly string[];
  readonly key_abstractions: readonly string[];
  /** Modules outside the standard library that it uses: `numpy`, `audio`. */
  readonly integration_points: readonly string[];
  /** Signatures that others may call. */
  readonly callable_interface: readonly string[];
  readonly module_kind: "application" | "library" | "functions" | "data" | "package";
  /** 0 to 1. */
  readonly confidence: number;
  /** Null: no language model took part. */
  readonly model_used: string | null;
  readonly tokens_used: number;
  readonly prompt_tokens: number;
}

export interface ModuleAnalyst {
  /** Goes into the record as `investigation_method`. */
  readonly method: string;
  analyse(question: ModuleQuestion, options: { readonly abort: AbortSignal }): Promise<ModuleAnalysis>;
}
