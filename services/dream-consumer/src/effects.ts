/** From a delivered trigger to its one completion: answered, adopted or run. */
import type { Delivery } from "@kloros/bus-client";
import { crashPoint, messageOf } from "@kloros/daemon";
import { DreamComplete, type Envelope } from "@kloros/signal-schema";
import { absorb } from "./absorb.ts";
import { findOldRunner } from "./command/old_runner.ts";
import {
  answerWithout,
  completionOf,
  isAdoptable,
  type CompletionFacts,
  type TriggerFacts,
} from "./decide.ts";
import { manifest } from "./manifest.ts";
import { readPlan, type CyclePlan } from "./plan.ts";
import { endRemains } from "./process/end_processes.ts";
import { findReport, type FoundReport } from "./results/read_yield.ts";
import { snapshotWinners, winnersDirectory } from "./results/foreign_winners.ts";
import { runCycle, type Context } from "./run_cycle.ts";
import { addAnswers, dropAnswer, readState, type Answer, type ConsumerState } from "./state.ts";
import { newestSeq, readWaiting } from "./waiting_triggers.ts";

export interface Handled {
  readonly emit: readonly Envelope[];
  readonly state?: ConsumerState | null;
}

export function createCycles(context: Context): { handle(delivery: Delivery): Promise<Handled | undefined> } {
  /** A delivery that was lost may come again while its cycle is still being ended. */
  let previous: Promise<unknown> = Promise.resolve();

  return {
    handle: async (delivery) => {
      const trigger = delivery.signal.facts as TriggerFacts;
      if (context.mode === "observe") return observe(context, trigger);
      await previous;
      const answer = readState(delivery.state).answers[delivery.signal.id];
      const plan = readPlan(delivery.plan);
      if (plan !== null) await endStrays(context, plan);
      if (answer !== undefined) return answered(context, delivery, trigger, answer);
      const running = complete(context, delivery, trigger, plan);
      previous = running.catch(() => undefined);
      return running;
    },
  };
}

async function complete(
  context: Context,
  delivery: Delivery,
  trigger: TriggerFacts,
  earlier: CyclePlan | null,
): Promise<Handled> {
  const finished = earlier === null ? undefined : await finishedBefore(context, trigger, earlier);
  if (earlier !== null && finished !== undefined) return conclude(context, delivery, earlier, finished);
  const oldRunner = findOldRunner(context.paths);
  if (oldRunner !== undefined) return refuse(context, delivery, trigger, oldRunner);
  const plan = await planCycle(context, delivery, trigger, earlier);
  if ("error" in plan) return unplanned(context, delivery, trigger, plan.error);
  const facts = await runCycle(
    context,
    {
      trigger,
      promotionIds: idsOf(trigger, plan),
      abort: AbortSignal.any([delivery.abort, context.stopping]),
      savePlan: async (next) => delivery.savePlan(next),
    },
    plan,
  );
  return conclude(context, delivery, plan, facts);
}

/** What a run before a crash of this service came to; undefined: it has to run again. */
async function finishedBefore(
  context: Context,
  trigger: TriggerFacts,
  plan: CyclePlan,
): Promise<CompletionFacts | undefined> {
  if (plan.result !== null) return plan.result;
  let found: FoundReport | undefined;
  try {
    found = await findReport(context.paths.dreamArtifacts, plan.runTag);
  } catch (error) {
    context.log.warn({ error, run_tag: plan.runTag }, "its report cannot be used; the cycle runs again");
    return undefined;
  }
  if (found === undefined || !isAdoptable(found.report)) return undefined;
  const { report } = found;
  context.log.info(
    { run_tag: plan.runTag },
    "the cycle had finished when this service died: its report is adopted",
  );
  // A runner may write anything there, and the clock may have been set.
  const durationS = Math.max(0, Date.parse(report.ended_at) - plan.startedAtMs || 0) / 1000;
  return completionOf(
    { trigger, absorbed: plan.absorbed, runTag: plan.runTag, durationS, lastWords: "" },
    { kind: "exited", code: report.exit_code },
    { kind: "report", ...found },
  );
}

async function planCycle(
  context: Context,
  delivery: Delivery,
  trigger: TriggerFacts,
  earlier: CyclePlan | null,
): Promise<CyclePlan | { readonly error: string }> {
  const startedAtMs = context.clock.wallMs();
  const { answers } = readState(delivery.state);
  const waiting =
    context.config.waitingTriggers === "coalesce"
      ? await readWaiting(context.bus, manifest.name, delivery.seq)
      : [];
  let winnersBefore: CyclePlan["winnersBefore"];
  try {
    // What a run before a crash of this service won is a result of this cycle: nobody has told of it yet.
    winnersBefore =
      context.config.command.length === 0
        ? null
        : (earlier?.winnersBefore ?? (await snapshotWinners(winnersDirectory(context.paths.dreamArtifacts))));
  } catch (error) {
    return {
      error: `cannot look at the winners before the cycle: ${messageOf(error)}`,
    };
  }
  return {
    kind: "cycle",
    runTag: runTagAt(startedAtMs, context.random()),
    startedAtMs,
    absorbed: absorb(
      trigger,
      waiting.filter((one) => answers[one.id] === undefined),
      earlier?.absorbed,
    ),
    lastSeq: earlier?.lastSeq ?? (await newestSeq(context.bus)),
    winnersBefore,
    process: null,
    result: null,
  };
}

/** Unix seconds, as the installation names its runs, and what keeps two of one second apart. `random`: 0 ≤ x < 1. */
function runTagAt(wallMs: number, random: number): string {
  const suffix = Math.floor(random * 2 ** 32).toString(16);
  return `${Math.floor(wallMs / 1000)}-${suffix.padStart(8, "0")}`;
}

function idsOf(trigger: TriggerFacts, plan: CyclePlan): readonly string[] {
  return [
    ...new Set([...(trigger.promotion_ids ?? []), ...plan.absorbed.flatMap((one) => one.promotionIds)]),
  ];
}

/** The completion, and how those that wait behind are to be answered. */
async function conclude(
  context: Context,
  delivery: Delivery,
  plan: CyclePlan,
  facts: CompletionFacts,
): Promise<Handled> {
  const { runTag } = plan;
  let state = readState(delivery.state);
  state = addAnswers(
    state,
    plan.absorbed.map((one) => one.id),
    { outcome: "coalesced", runTag },
  );
  if (context.config.waitingTriggers === "refuse") {
    const late = await readWaiting(context.bus, manifest.name, plan.lastSeq);
    state = addAnswers(
      state,
      late.map((one) => one.id),
      { outcome: "refused", runTag },
    );
  }
  report(context, facts);
  crashPoint("dream.recorded");
  return { emit: [context.child(delivery, DreamComplete, facts)], state };
}

function report(context: Context, facts: CompletionFacts): void {
  const outcome = facts.outcome ?? "completed";
  context.count("dream_cycles_total", { outcome });
  context.gauge("dream_cycle_seconds", facts.duration_s);
  const { run_tag, error, exit_code, duration_s } = facts;
  const won = facts.winners?.length ?? 0;
  const what = facts.success ? (won === 1 ? "1 winner" : `${won} winners`) : (error ?? "no result");
  const text = `cycle ${run_tag ?? ""} ${outcome} after ${Math.round(duration_s)} s: ${what}`;
  context.status(text);
  context.log[facts.success ? "info" : "warn"]({ run_tag, outcome, exit_code }, text);
}

function answered(context: Context, delivery: Delivery, trigger: TriggerFacts, answer: Answer): Handled {
  const error =
    answer.outcome === "coalesced"
      ? `the cycle ${answer.runTag} took its promotions over`
      : `it came while the cycle ${answer.runTag} was running, and waitingTriggers is refuse`;
  const facts = answerWithout(trigger, answer.outcome, { runTag: answer.runTag, error });
  context.count("dream_cycles_total", { outcome: answer.outcome });
  return {
    emit: [context.child(delivery, DreamComplete, facts)],
    state: dropAnswer(readState(delivery.state), delivery.signal.id),
  };
}

function refuse(context: Context, delivery: Delivery, trigger: TriggerFacts, pid: number): Handled {
  const error = `the old D-REAM runner of this installation is running (pid ${pid}, src.dream.runner); stop it and what starts it`;
  context.count("dream_cycles_total", { outcome: "refused" });
  context.log.warn({ runnerPid: pid }, error);
  context.status(`refused a trigger: ${error}`);
  const facts = answerWithout(trigger, "refused", { runTag: null, error });
  return { emit: [context.child(delivery, DreamComplete, facts)] };
}

function unplanned(context: Context, delivery: Delivery, trigger: TriggerFacts, error: string): Handled {
  const facts = { ...answerWithout(trigger, "refused", { runTag: null, error }), outcome: "failed" as const };
  report(context, facts);
  return { emit: [context.child(delivery, DreamComplete, facts)] };
}

async function endStrays(context: Context, plan: CyclePlan): Promise<void> {
  const left = await endRemains(plan);
  if (left.length > 0)
    context.log.error(
      { pids: left, run_tag: plan.runTag },
      "processes of an earlier cycle could not be ended",
    );
}

function observe(context: Context, trigger: TriggerFacts): undefined {
  const { command } = context.config;
  const what = command.length === 0 ? "the built-in runner" : command.join(" ");
  const text = `would run a cycle (${trigger.reason}${trigger.topic === null ? "" : `, ${trigger.topic}`}) with ${what}`;
  context.log.info({ dry: true, promotion_ids: trigger.promotion_ids }, text);
  context.status(text);
  return undefined;
}
