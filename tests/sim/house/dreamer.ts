/** dream-consumer: which triggers a cycle answers for and what its end means are the service's own; the runner is a wait and a report. */
import type { Bus, Delivery } from "@kloros/bus-client";
import {
  absorb,
  addAnswers,
  answerWithout,
  completionOf,
  type CyclePlan,
  dropAnswer,
  isAdoptable,
  newestSeq,
  readPlan,
  readState,
  readWaiting,
  type TriggerFacts,
  withResult,
} from "@kloros/dream-consumer/testing";
import { type CycleReport, winnerHash } from "@kloros/dream-runner";
import { DreamComplete, DreamTrigger, type FactsOf } from "@kloros/signal-schema";
import { sleep } from "../load/working.ts";
import type { Program, SimulatedProcess } from "../machine/process.ts";
import { child, consuming, type HouseContext, readJson } from "./consuming.ts";

const REPORTS = "dream";
const NAME = "dream-consumer";
const HANDLER_MS = 30 * 60_000;
const RUNNER_ENDS_MS = 2000;

export interface CyclesSeen {
  /** Returns what tells of its end. */
  begins(instance: string, runTag: string): () => void;
}

export function dreamer(context: HouseContext, cycles: CyclesSeen): Program {
  return async (process) => {
    const bus = process.connect(NAME);
    process.onTerminate(() => bus.close());
    const settings = {
      name: NAME,
      signals: [DreamTrigger.name],
      stateKey: "",
      attemptsMax: 20,
      handlerTimeoutMs: HANDLER_MS,
    };
    /** A delivery that was lost may come again while its cycle is still being ended. */
    let previous: Promise<unknown> = Promise.resolve();
    await consuming(process, bus, context, settings, async (delivery) => {
      await previous;
      const running = handle(process, bus, context, delivery, cycles);
      previous = running.catch(() => undefined);
      return running;
    });
  };
}

async function handle(
  process: SimulatedProcess,
  bus: Bus,
  context: HouseContext,
  delivery: Delivery,
  cycles: CyclesSeen,
) {
  const trigger = delivery.signal.facts as TriggerFacts;
  const state = readState(delivery.state);
  const answer = state.answers[delivery.signal.id];
  if (answer !== undefined) {
    context.count(`dream.${answer.outcome}`);
    const { outcome, runTag } = answer;
    const facts = answerWithout(trigger, outcome, { runTag, error: `the cycle ${runTag} took it over` });
    return {
      emit: [child(process, delivery, DreamComplete, facts)],
      state: dropAnswer(state, delivery.signal.id),
    };
  }
  const earlier = readPlan(delivery.plan);
  const finished = earlier === null ? undefined : await finishedBefore(process, trigger, earlier);
  if (finished !== undefined) context.count("dream.adopted");
  const { plan, facts } =
    earlier !== null && finished !== undefined
      ? { plan: earlier, facts: finished }
      : await runNew(process, bus, context, delivery, earlier, cycles);
  const absorbed = plan.absorbed.map(({ id }) => id);
  return {
    emit: [child(process, delivery, DreamComplete, facts)],
    state: addAnswers(state, absorbed, { outcome: "coalesced", runTag: plan.runTag }),
  };
}

type Facts = FactsOf<typeof DreamComplete>;

async function finishedBefore(
  process: SimulatedProcess,
  trigger: TriggerFacts,
  plan: CyclePlan,
): Promise<Facts | undefined> {
  if (plan.result !== null) return plan.result;
  const report = await readJson<CycleReport | null>(process, `${REPORTS}/${plan.runTag}`, null);
  return report === null || !isAdoptable(report) ? undefined : told(trigger, plan, report);
}

function told(trigger: TriggerFacts, { absorbed, runTag }: CyclePlan, report: CycleReport): Facts {
  const story = { trigger, absorbed, runTag, durationS: 1, lastWords: "" };
  const { exit_code: code } = report;
  return completionOf(
    story,
    { kind: "exited", code },
    { kind: "report", report, path: `${REPORTS}/${runTag}` },
  );
}

async function runNew(
  process: SimulatedProcess,
  bus: Bus,
  { odds, count }: HouseContext,
  delivery: Delivery,
  earlier: CyclePlan | null,
  cycles: CyclesSeen,
): Promise<{ readonly plan: CyclePlan; readonly facts: Facts }> {
  const trigger = delivery.signal.facts as TriggerFacts;
  const { answers } = readState(delivery.state);
  const waiting = await readWaiting(bus, NAME, delivery.seq);
  const plan: CyclePlan = {
    kind: "cycle",
    runTag: `run-${String(Math.floor(process.ambient.random() * 2 ** 32))}`,
    startedAtMs: process.wallMs(),
    absorbed: absorb(
      trigger,
      waiting.filter(({ id }) => answers[id] === undefined),
      earlier?.absorbed,
    ),
    lastSeq: earlier?.lastSeq ?? (await newestSeq(bus)),
    winnersBefore: null,
    process: null,
    result: null,
  };
  await delivery.savePlan(plan);
  const ends = cycles.begins(process.instance, plan.runTag);
  try {
    const { from, to } = odds.cycleMs;
    await sleep(process, from + process.ambient.random() * (to - from), delivery.abort);
    const report = reportOf(process, plan, process.ambient.random() * 100 < odds.failingCycles);
    await process.disk.writeAtomic(`${REPORTS}/${plan.runTag}`, JSON.stringify(report));
    count(`dream.${report.success ? "succeeded" : "failed"}`);
    // The runner has told all it has to tell, and is waited for.
    await sleep(process, process.ambient.random() * RUNNER_ENDS_MS, delivery.abort);
    const facts = told(trigger, plan, report);
    await delivery.savePlan(withResult(plan, facts));
    return { plan, facts };
  } finally {
    ends();
  }
}

const EXPERIMENTS = [
  { experiment: "rag", name: "top_k", from: 1, to: 40 },
  { experiment: "llm", name: "max_tokens", from: 16, to: 4096 },
];

function reportOf(
  process: SimulatedProcess,
  { runTag, startedAtMs }: CyclePlan,
  fails: boolean,
): CycleReport {
  const winners = EXPERIMENTS.map(({ experiment, name, from, to }) => {
    const params = { [name]: from + Math.floor(process.ambient.random() * (to - from)) };
    const hash = winnerHash(JSON.stringify(params));
    return { experiment, hash, fitness: 0.5, params, metrics: { score: 0.5 }, updatedAt: null };
  });
  return {
    schema: "kloros-dream-cycle/1",
    run_tag: runTag,
    started_at: new Date(startedAtMs).toISOString(),
    ended_at: new Date(process.wallMs()).toISOString(),
    success: !fails,
    exit_code: fails ? 1 : 0,
    error: fails ? "no experiment had a winner" : null,
    experiments: [],
    winners: fails ? [] : winners,
  };
}
