/**
 * One investigation from delivery to completion. The only effect is one line in the investigations log; its plan, the
 * line and the completion stand and fall together (see `appendOnce` of the daemon kit).
 */
import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import { TerminalError, type Delivery, type HandlerResult } from "@kloros/bus-client";
import { appendOnce, findAppended, type ServiceContext } from "@kloros/daemon";
import { CuriosityInvestigate, InvestigationComplete, isSignal } from "@kloros/signal-schema";
import type { ModuleAnalyst } from "./analyst.ts";
import { completionOf } from "./completion.ts";
import { chooseTarget, wordsOf, type Question, type Target } from "./decide.ts";
import type { config } from "./manifest.ts";
import { readPlan, type InvestigationPlan } from "./plan.ts";
import { readModule } from "./read_module.ts";
import { genericRecord, moduleRecord, type InvestigationRecord, type Stamp } from "./record.ts";
import { unlessShortage } from "./shortage.ts";
import { analyseStatically } from "./static_analyst.ts";

export type Context = ServiceContext<typeof config>;

export interface Tools {
  readonly analyst: ModuleAnalyst;
  /** The next record's timestamp; never one twice. */
  readonly nextTimestamp: () => string;
}

export async function investigate(
  context: Context,
  tools: Tools,
  delivery: Delivery,
): Promise<HandlerResult> {
  const question = questionOf(delivery);
  const plan = readPlan(delivery.plan);
  const earlier = plan === null ? null : await findAppended(plan.append);
  const line = earlier ?? (await recorded(context, tools, delivery, question, plan));
  const record = JSON.parse(line) as InvestigationRecord;
  context.count("investigations_total", { status: record.status, method: record.investigation_method });
  return { emit: [context.child(delivery, InvestigationComplete, completionOf(question, record))] };
}

function questionOf({ signal }: Delivery): Question {
  if (isSignal(CuriosityInvestigate, signal)) return signal.facts;
  throw new TerminalError(
    "unexpected_signal",
    `this consumer answers ${CuriosityInvestigate.name}, not ${signal.signal}`,
  );
}

/** Investigates and appends; in observe mode only investigates. Returns the line that is (or would be) in the log. */
async function recorded(
  context: Context,
  tools: Tools,
  delivery: Delivery,
  question: Question,
  plan: InvestigationPlan | null,
): Promise<string> {
  const { record, stamp } = await findOut(context, tools, delivery, question, plan?.stamp);
  const line = JSON.stringify(record);
  if (context.mode === "observe") return line;
  const result = await appendOnce(context.paths.investigationsLog, line, {
    plan: plan?.append ?? null,
    savePlan: (append) => delivery.savePlan({ append, stamp } satisfies InvestigationPlan),
    abort: delivery.abort,
  });
  return result.line;
}

/** `again`: the stamp of an earlier attempt, which makes this record the same as that one's. */
async function findOut(
  context: Context,
  tools: Tools,
  delivery: Delivery,
  question: Question,
  again: Stamp | undefined,
): Promise<{ readonly record: InvestigationRecord; readonly stamp: Stamp }> {
  const startedMs = context.clock.monotonicMs();
  const queueWaitMs = Math.max(0, context.clock.wallMs() - Date.parse(delivery.signal.timestamp));
  const target = chooseTarget(question);
  const write =
    target.kind === "generic"
      ? await answerGeneric(context, question)
      : await answerModule(context, tools, delivery, question, target, startedMs);
  const stamp = again ?? {
    timestamp: tools.nextTimestamp(),
    duration_ms: round(context.clock.monotonicMs() - startedMs),
    queue_wait_time_ms: round(queueWaitMs),
  };
  return { record: write(stamp), stamp };
}

/** Everything about the record but its stamp, which is known last. */
type WriteRecord = (stamp: Stamp) => InvestigationRecord;

async function answerModule(
  context: Context,
  { analyst }: Tools,
  { abort }: Delivery,
  question: Question,
  target: Extract<Target, { readonly kind: "module" }>,
  startedMs: number,
): Promise<WriteRecord> {
  const path = resolve(context.paths.source, target.path);
  const overdue = (): boolean => context.clock.monotonicMs() - startedMs > context.config.limitMs;
  const reading = await readModule(path, { limits: context.config, abort, overdue });
  const about = { moduleName: target.name, question: question.question, findings: reading.findings };
  const analysis =
    reading.failure === undefined ? await analyst.analyse(about, { abort }) : analyseStatically(about);
  const result = { name: target.name, path, method: analyst.method, analysis, ...reading };
  return (stamp) => moduleRecord(question, stamp, result);
}

const MENTIONED_MAX = 20;

async function answerGeneric(context: Context, question: Question): Promise<WriteRecord> {
  const words = new Set(wordsOf(question));
  const entries = await readdir(context.paths.source, { withFileTypes: true }).catch((error: unknown) => {
    unlessShortage(error);
    return [];
  });
  const modules = entries
    .filter((entry) => entry.isDirectory() && words.has(entry.name.toLowerCase()))
    .map(({ name }) => name)
    .toSorted()
    .slice(0, MENTIONED_MAX);
  return (stamp) => genericRecord(question, stamp, modules);
}

/** Microseconds are as much as the clock tells. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
