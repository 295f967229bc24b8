/** Any command: a process for each candidate, parameters as JSON on stdin, metrics as JSON on stdout. */
import {
  CUT,
  describeEnd,
  failed,
  metricsOf,
  requestLine,
  type Evaluation,
  type EvaluationRequest,
  type Evaluator,
} from "./evaluation.ts";
import { startProcess } from "./evaluator_process.ts";
import { limitedCommand } from "./limited_command.ts";
import type { EvaluatorPlace } from "./place.ts";
import type { Metrics } from "../types.ts";

export interface CommandOptions {
  readonly command: readonly string[];
  readonly timeoutS: number;
  readonly memoryMb: number;
}

export function commandEvaluator(options: CommandOptions, place: EvaluatorPlace): Evaluator {
  const command = limitedCommand(options.command, options.memoryMb);
  return {
    evaluate: (request, abort) => run(request, abort),
    close: () => Promise.resolve(),
  };

  async function run(request: EvaluationRequest, abort: AbortSignal): Promise<Evaluation> {
    if (abort.aborted) return failed(CUT);
    // The last line that is an object counts: a program may say other things before.
    let metrics: Metrics | undefined;
    const child = startProcess({
      command,
      cwd: place.cwd,
      environment: place.environment,
      mark: place.nextMark(),
      memoryMb: options.memoryMb,
      onLine: (line) => {
        if (line.trimStart().startsWith("{")) metrics = metricsOf(line) ?? metrics;
      },
    });
    if (typeof child === "string") return failed(child);
    const timer = setTimeout(() => {
      child.halt(timeoutText(options.timeoutS));
    }, options.timeoutS * 1000);
    const onAbort = (): void => {
      child.halt(CUT);
    };
    abort.addEventListener("abort", onAbort, { once: true });
    child.send(requestLine(request));
    child.closeInput();
    const end = await child.ended;
    clearTimeout(timer);
    abort.removeEventListener("abort", onAbort);
    if (end.halted !== undefined || end.code !== 0) return failed(describeEnd(end));
    if (metrics === undefined) return failed("its output has no line that is a JSON object of metrics");
    return { ok: true, metrics };
  }
}

export function timeoutText(timeoutS: number): string {
  return `timeout: it took longer than ${String(timeoutS)} s`;
}
