/**
 * What the engine does with one signal: which rules fire, what each evaluation came to, what is remembered. Pure: state,
 * rules and time come in, and what is to be emitted, recorded and stored goes out.
 */
import type { Envelope } from "@kloros/signal-schema";
import { recordOf } from "./deciding/course.ts";
import type { Course, Situation } from "./deciding/course.ts";
import { debounce, evaluate, judgeHeld, judgePending } from "./deciding/evaluate.ts";
import { endOverdueRun, endRun, settle } from "./deciding/runs.ts";
import { boundState, NEW_RULE_STATE } from "./deciding/state.ts";
import type { TimeMark } from "./deciding/moment.ts";
import type { EngineState, KeptSignal, RuleState } from "./deciding/state.ts";
import type { DecisionRecord } from "./decisions/decision_record.ts";
import type { Rule } from "./rules/rule.ts";

/** The engine's own alarm clock: a debounce is over. */
const ALARM = "Q_POLICY_DUE";

export interface Decided {
  readonly records: readonly DecisionRecord[];
  readonly emit: readonly Envelope[];
  /** Undefined: nothing changed. */
  readonly state: EngineState | undefined;
}

export function decide(situation: Situation): Decided {
  const { state, ruleSet, time } = situation;
  const records: DecisionRecord[] = [];
  const emit: Envelope[] = [];
  const changed: Record<string, RuleState> = {};
  for (const rule of ruleSet.rules) {
    const before = state.rules[rule.name] ?? NEW_RULE_STATE;
    const course = followRule(rule, situation, { state: before, records: [], emit: [] });
    records.push(...course.records);
    emit.push(...course.emit);
    if (course.state !== before) {
      changed[rule.name] = { ...course.state, touchedMs: situation.now.steadyMs };
    }
  }
  if (Object.keys(changed).length === 0 && !isOutdated(state.time, time)) {
    return { records, emit, state: undefined };
  }
  const known = new Set(ruleSet.rules.map(({ name }) => name));
  const next = boundState({ ...state, time, rules: { ...state.rules, ...changed } }, known);
  return { records, emit, state: next };
}

/** Milliseconds by which two clocks drift apart before it is worth a write. */
const DRIFT_MS_MAX = 1000;

/**
 * Over a boot only the wall clock tells how long it took. So what was remembered must know of that clock's last step, and be
 * of this boot: else a step that comes after it (a clock that is set right soon after the start) counts as time that passed.
 */
function isOutdated(before: TimeMark, { epoch, wallMs, steadyMs }: TimeMark): boolean {
  return (
    epoch !== before.epoch || Math.abs(wallMs - steadyMs - (before.wallMs - before.steadyMs)) > DRIFT_MS_MAX
  );
}

/** Whether a rule has anything to do with a signal. */
export function isConcerned({ on, control }: Rule, signal: string): boolean {
  return signal === ALARM || on.includes(signal) || control.singleton?.until.includes(signal) === true;
}

/** Order matters: first what ends, then what was held back by it, then what is new. */
function followRule(rule: Rule, situation: Situation, begun: Course): Course {
  const { signal } = situation;
  if (!isConcerned(rule, signal.signal)) return begun;
  let course = endOverdueRun(rule, situation, begun);
  if (signal.signal === ALARM) {
    const meant = signal.facts["rule"] === rule.name || signal.facts["rule"] === "*";
    return meant ? judgePending(rule, situation, course) : course;
  }
  if (rule.control.singleton?.until.includes(signal.signal) === true) {
    const wasRunning = course.state.running !== undefined;
    course = endRun(rule, situation, settle(rule, situation, course));
    if (wasRunning && course.state.running === undefined) course = judgeHeld(rule, situation, course);
  }
  if (!rule.on.includes(signal.signal)) return course;
  if (!rule.enabled) {
    return {
      ...course,
      records: [
        ...course.records,
        recordOf(rule, signal, situation, { outcome: "disabled", reason: "the rule is switched off" }),
      ],
    };
  }
  const kept = keptOf(signal);
  return rule.control.debounceMs === undefined
    ? evaluate(rule, kept, situation, course)
    : debounce(rule, kept, situation, course);
}

function keptOf({ signal, id, source, timestamp, trace, hops, facts }: Envelope): KeptSignal {
  return { signal, id, source, timestamp, trace, hops, facts };
}

/**
 * When the first debounce of these rules is over, steady; undefined: none waits. What a rule that is gone from the file
 * remembers is looked at by nobody, so nobody is to be woken for it.
 */
export function nextDueMs(
  { rules: states }: EngineState,
  rules: readonly Rule[],
): { readonly rule: string; readonly dueMs: number } | undefined {
  const waiting = rules.flatMap(({ name }) => {
    const pending = states[name]?.pending;
    return pending === undefined ? [] : [{ rule: name, dueMs: pending.dueMs }];
  });
  return waiting.toSorted((a, b) => a.dueMs - b.dueMs)[0];
}
