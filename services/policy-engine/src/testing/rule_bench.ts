/** Rules, a memory and a clock without a service around them: signals in, decisions out. For tests. */
import {
  createChild,
  createRoot,
  DeploymentComplete,
  DreamComplete,
  PromotionsDetected,
} from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import { decide } from "../decide.ts";
import type { RulePause } from "../deciding/holds.ts";
import { markTime } from "../deciding/moment.ts";
import type { TimeReading } from "../deciding/moment.ts";
import { readState, timeOf } from "../deciding/state.ts";
import type { DecisionRecord } from "../decisions/decision_record.ts";
import type { RuleSet } from "../rules/rule.ts";
import { formatRuleProblem } from "../rules/rule_problem.ts";
import { loadRules } from "../rules/rule_set.ts";

export const MINUTE = 60_000;
export const BEGAN = Date.UTC(2025, 10, 14, 10, 0);

export interface RuleBench {
  /** Wall clock, UTC ms; may be stepped. */
  wallMs: number;
  /** What really passed, ms. */
  passedMs: number;
  readonly pauses: Map<string, RulePause>;
  /** As the journal keeps it: JSON. */
  stored: string | null;
  readonly records: DecisionRecord[];
  readonly emitted: Envelope[];
  /** Time goes by on both clocks. */
  wait(ms: number): void;
  /** Another boot: only the wall clock tells how long it was off. */
  reboot(): void;
  /** Judges a signal; what it emitted. `crash`: before the commit, so that nothing of it is remembered. */
  see(signal: Envelope, options?: { readonly crash?: boolean }): readonly Envelope[];
  /** The last record. */
  last(): DecisionRecord;
}

export function openRuleBench(ruleSet: RuleSet): RuleBench {
  let boot = 1;
  const reading = (): TimeReading => ({
    wallMs: bench.wallMs,
    epoch: `boot-${String(boot)}`,
    epochMs: bench.passedMs,
  });
  const bench: RuleBench = {
    wallMs: BEGAN,
    passedMs: 0,
    pauses: new Map(),
    stored: null,
    records: [],
    emitted: [],
    wait: (ms) => {
      bench.wallMs += ms;
      bench.passedMs += ms;
    },
    reboot: () => {
      boot += 1;
    },
    see: (signal, { crash = false } = {}) => {
      const stored: unknown = bench.stored === null ? null : JSON.parse(bench.stored);
      const time = markTime(timeOf(stored), reading());
      const state = readState(stored, time);
      if (state === undefined) throw new Error(`no state: ${String(bench.stored)}`);
      const utc = new Date(time.wallMs);
      const now = {
        steadyMs: time.steadyMs,
        wallMs: time.wallMs,
        weekday: utc.getUTCDay(),
        minute: utc.getUTCHours() * 60 + utc.getUTCMinutes(),
      };
      const decided = decide({ state, signal, ruleSet, now, time, pauses: bench.pauses });
      if (crash) return decided.emit;
      if (decided.state !== undefined) bench.stored = JSON.stringify(decided.state);
      bench.records.push(...decided.records);
      bench.emitted.push(...decided.emit);
      return decided.emit;
    },
    last: () => {
      const record = bench.records.at(-1);
      if (record === undefined) throw new Error("nothing was recorded");
      return record;
    },
  };
  return bench;
}

/** Throws all problems of a text that is wrong. */
export function rulesOf(text: string): RuleSet {
  const loaded = loadRules(text, "test.yaml");
  if (!loaded.ok) throw new Error(loaded.problems.map(formatRuleProblem).join("\n"));
  return loaded.ruleSet;
}

export interface Told {
  /** Wall clock, UTC ms. */
  readonly atMs: number;
  /** Facts that differ. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

export function promotions(ids: readonly string[], { atMs, facts = {} }: Told): Envelope {
  const body = {
    promotion_count: ids.length,
    unacknowledged_count: ids.length,
    oldest_promotion_age_hours: 1.5,
    promotions_path: "/home/kloros/.kloros/dream_lab/promotions",
    promotion_ids: ids,
    ...facts,
  };
  return createRoot(PromotionsDetected, body, { source: "orchestrator-monitor", nowMs: atMs });
}

/** What a cycle says at its end: the completion of its trigger, and that its winners were dealt with. */
export function cycleEnd(
  trigger: Envelope,
  { atMs, success }: { readonly atMs: number; readonly success: boolean },
): readonly [Envelope, Envelope] {
  const ids = trigger.facts["promotion_ids"] as readonly string[];
  const complete = createChild(
    trigger,
    DreamComplete,
    {
      success,
      exit_code: success ? 0 : 1,
      duration_s: 60,
      run_tag: "run",
      trigger_reason: "r",
      trigger_topic: null,
      promotion_count: ids.length,
      promotion_ids: ids,
      outcome: success ? "completed" : "failed",
    },
    { source: "dream-consumer", consumer: "dream-consumer", nowMs: atMs },
  );
  const deployed = createChild(
    complete,
    DeploymentComplete,
    {
      run_tag: "run",
      deployed: 0,
      held: 0,
      skipped: 0,
      failed: 0,
      promotion_ids: ids,
      cycle_success: success,
    },
    { source: "winner-deployer", consumer: "winner-deployer", nowMs: atMs },
  );
  return [complete, deployed];
}
