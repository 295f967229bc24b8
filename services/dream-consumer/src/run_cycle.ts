/**
 * Runs one cycle from its plan to its completion. The plan is on disk before a process starts, the result before the
 * delivery is committed.
 */
import { crashPoint, messageOf, pause, type ServiceContext } from "@kloros/daemon";
import { DreamProgress } from "@kloros/signal-schema";
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { buildCommand, type BuiltCommand } from "./command/build_command.ts";
import { cycleEnvironment } from "./command/cycle_environment.ts";
import { findRunner } from "./command/find_runner.ts";
import type { Config, config } from "./config.ts";
import {
  completionOf,
  STOPPED_EXIT_CODE,
  type CompletionFacts,
  type CycleEnd,
  type TriggerFacts,
} from "./decide.ts";
import { withResult, type CyclePlan } from "./plan.ts";
import { startCycleProcess, type CycleProcess } from "./process/cycle_process.ts";
import { identify } from "./process/proc.ts";
import { CycleLog, cycleLogPath } from "./progress/cycle_log.ts";
import { progressFacts, progressText, readProgress, type Progress } from "./progress/read_progress.ts";
import { tellSeldom } from "./progress/tell_seldom.ts";
import { readYield } from "./results/read_yield.ts";

export type Context = ServiceContext<typeof config>;

/** What one delivery brings along. */
export interface CycleWork {
  readonly trigger: TriggerFacts;
  readonly promotionIds: readonly string[];
  /** The delivery is not ours any more, or the service stops: the cycle is ended, nothing is told. */
  readonly abort: AbortSignal;
  savePlan(plan: CyclePlan): Promise<void>;
}

/** Within what a stop of the service may take, whatever graceS says. */
const STOP_GRACE_MS_MAX = 3000;
const PROGRESS_MS = 500;
const UNIT_STOP_MS = 500;

/** Rejects with the reason of `abort` when that ended it; no process of it is left then either. */
export async function runCycle(context: Context, work: CycleWork, plan: CyclePlan): Promise<CompletionFacts> {
  await work.savePlan(plan);
  crashPoint("dream.planned");
  const startedMs = context.clock.monotonicMs();
  const run = await execute(context, work, plan);
  // A stop of the whole unit may reach the cycle before it reaches this service.
  if (wasAsked(run.end)) await pause(UNIT_STOP_MS, work.abort);
  work.abort.throwIfAborted();
  crashPoint("dream.finished");
  const left = await readYield(context.paths.dreamArtifacts, plan);
  if (left.kind === "foreign" && left.unreadable.length > 0)
    context.log.warn({ problems: left.unreadable }, "winners' files that cannot be used are left out");
  const facts = completionOf(
    {
      trigger: work.trigger,
      absorbed: plan.absorbed,
      runTag: plan.runTag,
      durationS: Math.round(context.clock.monotonicMs() - startedMs) / 1000,
      lastWords: run.lastWords,
    },
    run.end,
    left,
  );
  await work.savePlan(withResult(plan, facts));
  return facts;
}

/** By SIGTERM, and not by this service. */
function wasAsked(end: CycleEnd): boolean {
  if (end.kind === "killed") return end.signal === "SIGTERM";
  return end.kind === "exited" && end.code === STOPPED_EXIT_CODE;
}

interface Execution {
  readonly end: CycleEnd;
  readonly lastWords: string;
}

async function execute(context: Context, work: CycleWork, plan: CyclePlan): Promise<Execution> {
  let log: CycleLog;
  try {
    log = new CycleLog(cycleLogPath(context.paths), plan.runTag, context.clock, context.config);
  } catch (error) {
    return notStarted(`cannot open the log of its output: ${messageOf(error)}`);
  }
  try {
    const end = await startAndFollow(context, work, plan, log);
    log.add("cycle", [`ended: ${JSON.stringify(end)}`]);
    if (log.failure !== undefined)
      context.log.warn({ why: log.failure }, "lines of the cycle's log were lost");
    return { end, lastWords: log.lastWords };
  } finally {
    log.close();
  }
}

async function startAndFollow(
  context: Context,
  work: CycleWork,
  plan: CyclePlan,
  log: CycleLog,
): Promise<CycleEnd> {
  const directory = resolve(context.paths.home, context.config.workingDirectory);
  const built = commandOf(context, work.trigger, plan.runTag, directory);
  if (!built.ok) return { kind: "not_started", error: built.error };
  work.abort.throwIfAborted();
  const told = teller(context);
  log.add("cycle", [`starting in ${directory}: ${JSON.stringify(built.command)}`]);
  let child: CycleProcess;
  try {
    mkdirSync(context.paths.dreamArtifacts, { recursive: true });
    child = await startCycleProcess({
      runTag: plan.runTag,
      command: built.command,
      directory,
      environment: cycleEnvironment({
        inherited: process.env,
        extra: context.config.environment,
        topic: work.trigger.topic,
        promotionIds: work.promotionIds,
      }),
      limitS: context.config.timeLimitS,
      graceS: context.config.graceS,
      onLines: (stream, lines) => {
        log.add(
          stream,
          lines.filter((line) => !told(line, plan.runTag)),
        );
      },
      onStrays: (pids) => {
        context.count("dream_strays_total", {}, pids.length);
        context.log.error({ pids, run_tag: plan.runTag }, "processes of a cycle could not be ended");
      },
    });
  } catch (error) {
    return {
      kind: "not_started",
      error: `cannot start ${built.command.join(" ")} in ${directory}: ${messageOf(error)}`,
    };
  }
  crashPoint("dream.started");
  context.status(`cycle ${plan.runTag} runs`);
  context.log.info({ run_tag: plan.runTag, childPid: child.pid, command: built.command }, "a cycle runs");
  return follow(work, plan, child, Math.min(context.config.graceS * 1000, STOP_GRACE_MS_MAX));
}

/** Until no process of it is left, whatever happens here. */
async function follow(
  work: CycleWork,
  plan: CyclePlan,
  child: CycleProcess,
  stopGraceMs: number,
): Promise<CycleEnd> {
  const stop = (): void => {
    child.stop(stopGraceMs);
  };
  work.abort.addEventListener("abort", stop, { once: true });
  if (work.abort.aborted) stop();
  try {
    await work.savePlan({ ...plan, process: identify(child.pid) });
  } catch (error) {
    stop();
    await child.ended;
    throw error;
  }
  try {
    return await child.ended;
  } finally {
    work.abort.removeEventListener("abort", stop);
  }
}

function commandOf(context: Context, trigger: TriggerFacts, runTag: string, directory: string): BuiltCommand {
  const { paths, config } = context;
  return buildCommand({
    configured: config.command,
    values: placeholders(paths, config, trigger, runTag),
    directory,
    searchPath: config.environment["PATH"] ?? process.env["PATH"] ?? "",
    niceness: config.niceness,
    memoryMebibytesMax: config.memoryMebibytesMax,
    findRunner,
  });
}

function placeholders(paths: Context["paths"], config: Config, trigger: TriggerFacts, runTag: string) {
  return {
    config: paths.dreamConfig,
    artifacts: paths.dreamArtifacts,
    run_tag: runTag,
    topic: trigger.topic ?? "",
    limit_s: String(config.timeLimitS),
    home: paths.home,
    source: paths.source,
  };
}

/** True for a line that is progress: it is shown, not logged. */
function teller(context: Context): (line: string, runTag: string) => boolean {
  const limitS = context.config.timeLimitS;
  const publish = tellSeldom<Progress>({
    intervalMs: PROGRESS_MS,
    monotonicMs: () => context.clock.monotonicMs(),
    tell: async (progress) => {
      context.status(progressText(progress, limitS));
      await context.publish([context.root(DreamProgress, progressFacts(progress, limitS))]);
    },
  });
  return (line, runTag) => {
    const progress = readProgress(line, runTag);
    if (progress !== undefined) publish(progress);
    return progress !== undefined;
  };
}

function notStarted(error: string): Execution {
  return { end: { kind: "not_started", error }, lastWords: "" };
}
