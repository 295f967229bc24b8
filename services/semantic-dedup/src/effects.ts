/** One completion from delivery to acknowledgement: decide, one line in the log, the view's update, the signals. */
import { readdir } from "node:fs/promises";
import { TerminalError, type Delivery, type HandlerResult } from "@kloros/bus-client";
import { appendOnce, localNaiveIso, type ServiceContext } from "@kloros/daemon";
import {
  CuriosityInvestigate,
  EvidenceUpdated,
  InvestigationComplete,
  isSignal,
} from "@kloros/signal-schema";
import { decide, type Circumstances, type Completion } from "./decide.ts";
import { readSuppression, recordOf } from "./evidence.ts";
import type { EvidenceView } from "./evidence_view.ts";
import type { config } from "./manifest.ts";
import { makePlan, readPlan } from "./plan.ts";
import { readState } from "./state.ts";

export type Context = ServiceContext<typeof config>;

const DAY_MS = 86_400_000;

export async function takeIn(
  context: Context,
  view: EvidenceView,
  delivery: Delivery,
): Promise<HandlerResult | undefined> {
  const completion = completionOf(delivery);
  const moduleName = completion.module_name;
  if (moduleName === undefined) return undefined;
  const inFile = view.entry(moduleName);
  const circumstances = await circumstancesOf(context, view, inFile);
  const plan = readPlan(delivery.plan);
  // What an attempt that was cut off has put into the file is no news from others: its failure must not count twice.
  const before = readState(delivery.state, plan === null ? inFile : plan.before);
  const decision = decide(completion, moduleName, before, circumstances, context.config);
  if (context.mode === "act") {
    const line = {
      investigation_timestamp: completion.investigation_timestamp,
      module_name: moduleName,
      processed_at: circumstances.now,
    };
    await appendOnce(context.paths.semanticProcessed, JSON.stringify(line), {
      plan: plan?.append ?? null,
      savePlan: (append) => delivery.savePlan(makePlan(append, before?.entry ?? null)),
      abort: delivery.abort,
    });
    delivery.abort.throwIfAborted();
    view.add({ module: moduleName, entry: decision.state.entry });
  }
  context.count("evidence_updates_total", { suppressed: String(decision.updated.suppressed) });
  const updated = context.child(delivery, EvidenceUpdated, decision.updated);
  const asked = decision.ask === null ? [] : [context.child(delivery, CuriosityInvestigate, decision.ask)];
  return { emit: [updated, ...asked], state: decision.state };
}

function completionOf({ signal }: Delivery): Completion {
  if (isSignal(InvestigationComplete, signal)) return signal.facts;
  throw new TerminalError(
    "unexpected_signal",
    `this consumer reads ${InvestigationComplete.name}, not ${signal.signal}`,
  );
}

async function circumstancesOf(
  context: Context,
  view: EvidenceView,
  inFile: unknown,
): Promise<Circumstances> {
  const nowMs = context.clock.wallMs();
  return {
    nowMs,
    now: localNaiveIso(Math.floor(nowMs * 1000)),
    until: localNaiveIso(Math.floor((nowMs + context.config.suppressDays * DAY_MS) * 1000)),
    knownModules: new Set([...view.modules(), ...(await sourceModules(context.paths.source))]),
    suppressionInFile: readSuppression(recordOf(inFile)["suppression"]),
  };
}

/** Top-level packages and modules; none when the source tree cannot be read. */
async function sourceModules(source: string): Promise<string[]> {
  const entries = await readdir(source, { withFileTypes: true }).catch(() => []);
  return entries.flatMap((entry) => {
    if (entry.name.startsWith(".") || entry.name.startsWith("__")) return [];
    if (entry.isDirectory()) return [entry.name];
    return entry.name.endsWith(".py") ? [entry.name.slice(0, -3)] : [];
  });
}
