/** Signals → what they say of a D-REAM cycle. */
import type { ServiceContext } from "@kloros/daemon";
import { DeploymentComplete, DreamComplete, DreamTrigger, isSignal } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import { cycleEnd } from "../cycle_end.ts";
import type { CycleEvent } from "./decide.ts";

export interface EventSources {
  readonly bus: Pick<ServiceContext["bus"], "read">;
  readonly log: Pick<ServiceContext["log"], "warn">;
}

/** Undefined for what is not the end of a cycle: a trigger that was answered without one. Rejects when the bus does. */
export async function cycleEvent(signal: Envelope, sources: EventSources): Promise<CycleEvent | undefined> {
  if (isSignal(DeploymentComplete, signal)) {
    const { cycle_success: success = false, run_tag: runTag, promotion_ids: promotionIds } = signal.facts;
    const cycle = signal.cause ?? signal.id;
    const atMs = Date.parse(signal.timestamp);
    return { kind: "deployed", signalId: signal.id, cycle, success, runTag, atMs, promotionIds };
  }
  const end = cycleEnd(signal);
  if (end === undefined) return undefined;
  const { cycle, success, runTag, endedMs: atMs } = end;
  const promotionIds = isSignal(DreamComplete, signal)
    ? (signal.facts.promotion_ids ?? [])
    : await idsOfTrigger(cycle, sources);
  return { kind: "ended", signalId: signal.id, cycle, success, runTag, atMs, promotionIds };
}

/** A timeout does not say what the cycle was to consider; its trigger does. */
async function idsOfTrigger(id: string, { bus, log }: EventSources): Promise<readonly string[]> {
  const { items } = await bus.read({ id, limit: 1 });
  const trigger = items[0]?.envelope;
  if (trigger !== undefined && isSignal(DreamTrigger, trigger)) return trigger.facts.promotion_ids ?? [];
  log.warn(
    { id },
    "the trigger of a cycle that timed out is not in the history: no promotion is counted for it",
  );
  return [];
}
