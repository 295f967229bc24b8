/** Signals of a cycle, as the other services make them. */
import {
  createChild,
  createRoot,
  DeploymentComplete,
  DreamComplete,
  DreamTimeout,
  DreamTrigger,
} from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";

export interface CycleSignals {
  readonly trigger: Envelope;
  readonly complete: Envelope;
  readonly deployed: Envelope;
  readonly timeout: Envelope;
}

export type Outcome = "completed" | "failed" | "timeout" | "coalesced" | "refused";

export function cycleOf(
  promotion_ids: readonly string[],
  outcome: Outcome = "completed",
  nowMs = Date.now(),
): CycleSignals {
  const success = outcome === "completed";
  const run_tag = success || outcome === "failed" ? "run-1" : null;
  const asked = { trigger_reason: "promotions", trigger_topic: null, promotion_count: promotion_ids.length };
  const trigger = createRoot(
    DreamTrigger,
    { reason: "promotions", topic: null, promotion_count: promotion_ids.length, promotion_ids },
    { source: "policy-engine", nowMs },
  );
  const complete = createChild(
    trigger,
    DreamComplete,
    { success, exit_code: success ? 0 : 1, duration_s: 1, run_tag, ...asked, promotion_ids, outcome },
    { source: "dream-consumer", consumer: "dream-consumer", nowMs },
  );
  const nothing = { deployed: 0, held: 0, skipped: 0, failed: 0 };
  const deployed = createChild(
    complete,
    DeploymentComplete,
    { run_tag, ...nothing, promotion_ids, cycle_success: success },
    { source: "winner-deployer", consumer: "winner-deployer", nowMs },
  );
  const timeout = createRoot(
    DreamTimeout,
    { timeout_seconds: 1800, suggested_action: "look", request_id: trigger.id },
    { source: "chemical-bus", nowMs },
  );
  return { trigger, complete, deployed, timeout };
}
