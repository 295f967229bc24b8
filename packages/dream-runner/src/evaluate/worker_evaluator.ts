/**
 * A worker process that lives for many candidates, one at a time. When it fails other than by an answer (hangs,
 * crashes, grows too large) it is ended, and the next candidate gets a new one.
 */
import { lastLine } from "./output.ts";
import {
  CUT,
  describeEnd,
  failed,
  numbersOf,
  requestLine,
  type Evaluation,
  type EvaluationRequest,
  type Evaluator,
} from "./evaluation.ts";
import { timeoutText } from "./command_evaluator.ts";
import { startProcess, type EvaluatorProcess } from "./evaluator_process.ts";
import { parseJsonText, type JsonNode } from "../json/json_text.ts";
import type { EvaluatorPlace } from "./place.ts";

export interface WorkerProgram {
  /** `token` begins each line of its answers. */
  readonly command: (token: string) => readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** JSON, the first line that it gets. */
  readonly setup: string;
  readonly timeoutS: number;
  readonly memoryMb: number;
}

interface Worker {
  readonly process: EvaluatorProcess;
  take: (answer: Evaluation) => void;
  isOver: boolean;
}

export function workerEvaluator(program: WorkerProgram, place: EvaluatorPlace): Evaluator {
  let worker: Worker | undefined;
  return {
    async evaluate(request, abort) {
      if (abort.aborted) return failed(CUT);
      if (worker === undefined || worker.isOver) {
        const started = startWorker(program, place);
        if (typeof started === "string") return failed(started);
        worker = started;
      }
      return await measure(worker, request, { abort, timeoutS: program.timeoutS });
    },
    async close() {
      worker?.process.halt(CUT);
      await worker?.process.ended;
    },
  };
}

function startWorker(program: WorkerProgram, place: EvaluatorPlace): Worker | string {
  const token = `=${crypto.randomUUID()}=`;
  const process = startProcess({
    command: program.command(token),
    cwd: place.cwd,
    environment: { ...place.environment, ...program.environment },
    mark: place.nextMark(),
    memoryMb: program.memoryMb,
    onLine: (line) => {
      if (!line.startsWith(token)) return;
      const { evaluation, isLeaving } = readAnswer(line.slice(token.length));
      // It could not load the evaluator, and ends.
      if (isLeaving) worker.isOver = true;
      if (evaluation !== undefined) worker.take(evaluation);
    },
  });
  if (typeof process === "string") return process;
  const worker: Worker = { process, take: () => undefined, isOver: false };
  process.send(`${program.setup}\n`);
  return worker;
}

async function measure(
  worker: Worker,
  request: EvaluationRequest,
  { abort, timeoutS }: { readonly abort: AbortSignal; readonly timeoutS: number },
): Promise<Evaluation> {
  const { promise, resolve } = Promise.withResolvers<Evaluation>();
  worker.take = resolve;
  const timer = setTimeout(() => {
    worker.process.halt(timeoutText(timeoutS));
  }, timeoutS * 1000);
  const onAbort = (): void => {
    worker.process.halt(CUT);
  };
  abort.addEventListener("abort", onAbort, { once: true });
  void worker.process.ended.then((end) => {
    worker.isOver = true;
    resolve(failed(describeEnd(end)));
  });
  worker.process.send(requestLine(request));
  const evaluation = await promise;
  clearTimeout(timer);
  abort.removeEventListener("abort", onAbort);
  return evaluation;
}

interface Answer {
  /** Undefined: it said that it is ready. */
  readonly evaluation: Evaluation | undefined;
  readonly isLeaving: boolean;
}

function readAnswer(text: string): Answer {
  const answer = parsed(text);
  const part = (name: string) => (answer?.kind === "object" ? answer.entries.get(name) : undefined);
  const [error, metrics] = [part("error"), part("metrics")];
  const isLeaving = part("leaving") !== undefined;
  if (error?.kind === "string") return { evaluation: failed(lastLine(error.value)), isLeaving };
  if (metrics !== undefined)
    return { evaluation: { ok: true, metrics: numbersOf(metrics) ?? {} }, isLeaving };
  const evaluation =
    part("ready") === undefined ? failed("the evaluator's answer has no metrics") : undefined;
  return { evaluation, isLeaving };
}

function parsed(text: string): JsonNode | undefined {
  try {
    return parseJsonText(text);
  } catch {
    return undefined;
  }
}
