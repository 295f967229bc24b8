/** `policy_state.json`: what the engine remembers, for people. Written after the fact, never read by the engine. Pure. */
import { wallOf } from "../deciding/moment.ts";
import type { Moment } from "../deciding/moment.ts";
import { NEW_RULE_STATE } from "../deciding/state.ts";
import type { EngineState, RuleState } from "../deciding/state.ts";
import type { Rule, RuleSet } from "../rules/rule.ts";

/** Cooling subjects that are shown of a rule; the newest. */
const SHOWN_MAX = 100;

export function policyView(ruleSet: RuleSet, state: EngineState, now: Moment): object {
  const rules = ruleSet.rules.map((rule) => {
    const own = state.rules[rule.name] ?? NEW_RULE_STATE;
    return [rule.name, ruleView(rule, own, now)] as const;
  });
  return {
    updated_at: iso(now.wallMs),
    rules_source: ruleSet.source,
    rules_hash: ruleSet.hash,
    rules: Object.fromEntries(rules),
  };
}

function ruleView(rule: Rule, state: RuleState, now: Moment): object {
  const { running, pending, lastFired } = state;
  const cooling = state.cooling.filter(([, untilMs]) => untilMs > now.steadyMs).slice(-SHOWN_MAX);
  const untils = cooling.map(
    ([subject, untilMs]) => [subject === "" ? "(all)" : subject, iso(wallOf(untilMs, now))] as const,
  );
  const limitMs = rule.control.singleton?.limitMs ?? 0;
  return {
    enabled: rule.enabled,
    emits: rule.emit.signal.name,
    fired_total: state.firedTotal,
    last_fired: lastFired === undefined ? null : iso(lastFired.wallMs),
    last_trigger_id: lastFired?.triggerId ?? null,
    cooling_until: Object.fromEntries(untils),
    running:
      running === undefined
        ? null
        : {
            trigger_id: running.triggerId,
            since: iso(running.sinceWallMs),
            at_most_until: iso(wallOf(running.sinceMs + limitMs, now)),
            subjects: running.subjects,
          },
    waits_for_silence_until: pending === undefined ? null : iso(wallOf(pending.dueMs, now)),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
