import type { Metrics } from "../types.ts";
import { parseJsonText, type JsonNode } from "../json/json_text.ts";
import { lastLine } from "./output.ts";
import type { ProcessEnd } from "./evaluator_process.ts";

/** What is to be measured. */
export interface EvaluationRequest {
  /** JSON, numbers as the configuration writes them. */
  readonly params: string;
  readonly context: {
    readonly experiment: string;
    readonly run_tag: string;
    readonly generation: number;
    readonly candidate: number;
    readonly seed: number;
    /** A directory of the candidate's own, removed afterwards. */
    readonly work_dir: string;
  };
}

export type Evaluation =
  | { readonly ok: true; readonly metrics: Metrics }
  /** `isCut`: the run ended it; nobody knows what it would have been. */
  | { readonly ok: false; readonly error: string; readonly isCut?: boolean };

/** Measures one candidate at a time. */
export interface Evaluator {
  /** Never rejects. */
  evaluate(request: EvaluationRequest, abort: AbortSignal): Promise<Evaluation>;
  /** Ends its processes. */
  close(): Promise<void>;
}

export const CUT = "the run ended before it was done";

const ERROR_CHARACTERS_MAX = 300;

export function failed(error: string): Evaluation {
  const line = error.replaceAll(/\s+/g, " ").trim();
  const isCut = line === CUT;
  return { ok: false, error: line.slice(0, ERROR_CHARACTERS_MAX), ...(isCut ? { isCut } : {}) };
}

export function requestLine({ params, context }: EvaluationRequest): string {
  return `{"params": ${params}, "context": ${JSON.stringify(context)}}\n`;
}

/** Why a process that gave no result ended. */
export function describeEnd({ code, signal, halted, stderr }: ProcessEnd): string {
  if (halted !== undefined) return halted;
  // What it said before has nothing to do with a signal.
  if (signal !== null) return `killed by ${signal}`;
  const said = lastLine(stderr);
  return said === "" ? `exit code ${String(code)}` : `exit code ${String(code)}: ${said}`;
}

/** The numbers of a JSON object; undefined when the text is none. */
export function metricsOf(text: string): Metrics | undefined {
  try {
    return numbersOf(parseJsonText(text));
  } catch {
    return undefined;
  }
}

/** Other values (texts, lists) are the evaluator's own notes. */
export function numbersOf(node: JsonNode): Metrics | undefined {
  if (node.kind !== "object") return undefined;
  const numbers = [...node.entries].flatMap(([name, value]): [string, number][] => {
    if (value.kind === "number") return [[name, value.value]];
    return value.kind === "literal" && value.value !== null ? [[name, Number(value.value)]] : [];
  });
  return Object.fromEntries(numbers);
}
