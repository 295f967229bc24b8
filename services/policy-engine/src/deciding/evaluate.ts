/** One evaluation of one rule: its condition, its controls, and its trigger if all let it through. Pure. */
import { findSignal } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import type { Rule } from "../rules/rule.ts";
import { recordOf } from "./course.ts";
import type { Course, Result, Situation } from "./course.ts";
import { holdsOf } from "./holds.ts";
import { judge } from "./judge.ts";
import { wallOf } from "./moment.ts";
import type { Moment } from "./moment.ts";
import { boundSubjects, coolDown, keepSignal } from "./state.ts";
import type { KeptSignal, RuleState } from "./state.ts";
import { buildTrigger } from "./trigger.ts";

/** A signal that was held back is judged again only this long, ms: a lasting condition is advised every minute. */
const HELD_MS_MAX = 5 * 60_000;
/** A wait for silence takes at most so many times its length: a lasting condition is never silent. */
const DEBOUNCE_TIMES_MAX = 5;

/** What came while something ran gets its turn at once. */
export function judgeHeld(rule: Rule, situation: Situation, course: Course): Course {
  const { held, ...state } = course.state;
  if (held === undefined || !rule.enabled) return course;
  const fresh = situation.now.steadyMs - held.atMs <= HELD_MS_MAX;
  // The signal itself may be the newer word about it.
  const superseded = situation.signal.id === held.signal.id;
  return fresh && !superseded
    ? evaluate(rule, held.signal, situation, { ...course, state })
    : { ...course, state };
}

/** The silence that a signal waited for has come, maybe long ago: an alert is not told again, so it counts all the same. */
export function judgePending(rule: Rule, situation: Situation, course: Course): Course {
  const { pending, ...state } = course.state;
  if (pending === undefined || pending.dueMs > situation.now.steadyMs) return course;
  const silent = { ...course, state };
  return rule.enabled ? evaluate(rule, pending.signal, situation, silent) : silent;
}

/** Waits for silence: each further matching signal begins the wait anew, within bounds. */
export function debounce(rule: Rule, signal: KeptSignal, situation: Situation, course: Course): Course {
  const { now } = situation;
  const judged = judge(rule, signal, now.wallMs);
  if (judged.kind !== "met") {
    const { kind: outcome, ...rest } = judged;
    const record = recordOf(rule, signal, situation, { outcome, ...rest });
    return { ...course, state: forgetOver(course.state, signal), records: [...course.records, record] };
  }
  const kept = keepSignal(signal);
  if (kept === undefined) return evaluate(rule, signal, situation, course);
  const lengthMs = rule.control.debounceMs ?? 0;
  const sinceMs = course.state.pending?.sinceMs ?? now.steadyMs;
  const dueMs = Math.min(now.steadyMs + lengthMs, sinceMs + DEBOUNCE_TIMES_MAX * lengthMs);
  const record = recordOf(rule, signal, situation, {
    outcome: "held",
    parts: judged.parts,
    subjects: judged.subjects,
    control: "debounce",
    reason: "it waits for further signals",
    eligibleAtMs: wallOf(dueMs, now),
  });
  const pending = { signal: kept, key: keyOf(signal), sinceMs, dueMs };
  return { ...course, state: { ...course.state, pending }, records: [...course.records, record] };
}

export function evaluate(rule: Rule, signal: KeptSignal, situation: Situation, course: Course): Course {
  const { now, pauses } = situation;
  const add = (state: RuleState, result: Result, emit: readonly Envelope[] = []): Course => ({
    state,
    records: [...course.records, recordOf(rule, signal, situation, result)],
    emit: [...course.emit, ...emit],
  });
  const judged = judge(rule, signal, now.wallMs);
  if (judged.kind !== "met") {
    const { kind: outcome, ...rest } = judged;
    return add(forgetOver(course.state, signal), { outcome, ...rest });
  }
  const { parts } = judged;
  const subjects = rule.subjects === undefined ? [""] : judged.subjects;
  const cooling = new Map(course.state.cooling.filter(([, untilMs]) => untilMs > now.steadyMs));
  const eligible =
    rule.control.cooldownMs === undefined ? subjects : subjects.filter((one) => !cooling.has(one));
  const cool = subjects.flatMap((subject) => {
    const untilMs = cooling.get(subject);
    return untilMs === undefined ? [] : [{ subject, untilMs: wallOf(untilMs, now) }];
  });
  const seen = { parts, subjects: named(eligible), cooling: cool };
  const state = course.state;
  const [hold, ...others] = holdsOf({ rule, state, now, pause: pauses.get(rule.name), subjects, eligible });
  if (hold !== undefined) {
    const all = [hold, ...others];
    const untils = all.flatMap(({ untilMs }) => (untilMs === undefined ? [] : [untilMs]));
    const held = {
      outcome: "held" as const,
      ...seen,
      control: hold.control,
      reason: all.map(({ reason }) => reason).join("; "),
      ...(untils.length < all.length ? {} : { eligibleAtMs: Math.max(...untils) }),
      ...(hold.control === "singleton" && state.running !== undefined
        ? { triggerId: state.running.triggerId }
        : {}),
    };
    return add(holdSignal(state, signal, now), held);
  }
  const built = buildTrigger(rule, { signal, subjects: named(eligible), wallMs: now.wallMs });
  if (!built.ok) return add(state, { outcome: "emit_error", ...seen, reason: built.reason });
  const { trigger } = built;
  const reason = `all was met, and ${trigger.signal} was emitted`;
  return add(
    fired(rule, state, { signal, trigger, eligible, now }),
    { outcome: "fired", ...seen, reason, triggerId: trigger.id, firing: state.firedTotal + 1 },
    [trigger],
  );
}

/** A rule without subjects has one that is nameless. */
function named(subjects: readonly string[]): readonly string[] {
  return subjects.filter((subject) => subject !== "");
}

/** A condition that lasts is told of again and again; a signal that is an event of its own is told once. */
function lasts({ signal }: KeptSignal): boolean {
  return findSignal(signal)?.delivery === "latest";
}

/** An event that was held back has passed its moment. */
function holdSignal(state: RuleState, signal: KeptSignal, now: Moment): RuleState {
  if (state.running === undefined || !lasts(signal)) return state;
  const kept = keepSignal(signal);
  if (kept === undefined) return state;
  return { ...state, held: { signal: kept, key: keyOf(signal), atMs: now.steadyMs } };
}

/** The newest word about a condition is that it is over: what was kept of it is void. */
function forgetOver(state: RuleState, signal: KeptSignal): RuleState {
  const key = keyOf(signal);
  if (state.held?.key !== key && state.pending?.key !== key) return state;
  const { held, pending, ...rest } = state;
  return {
    ...rest,
    ...(held === undefined || held.key === key ? {} : { held }),
    ...(pending === undefined || pending.key === key ? {} : { pending }),
  };
}

/** What a newer signal supersedes; a signal that is not superseded is its own. */
function keyOf({ signal, facts, id }: KeptSignal): string {
  const definition = findSignal(signal);
  return definition?.key === undefined ? id : `${signal}/${definition.key(facts)}`;
}

interface Firing {
  readonly signal: KeptSignal;
  readonly trigger: Envelope;
  readonly eligible: readonly string[];
  readonly now: Moment;
}

function fired(rule: Rule, state: RuleState, { signal, trigger, eligible, now }: Firing): RuleState {
  const { held: _, pending: __, ...rest } = state;
  const { cooldownMs, rateLimit, singleton } = rule.control;
  const until = cooldownMs === undefined ? undefined : now.steadyMs + cooldownMs;
  const added = until === undefined ? [] : eligible.map((subject) => [subject, until] as const);
  const running = {
    triggerId: trigger.id,
    trace: trigger.trace,
    hops: trigger.hops,
    sinceMs: now.steadyMs,
    sinceWallMs: now.wallMs,
    subjects: boundSubjects(named(eligible), (subject) => subject),
  };
  return {
    ...rest,
    firedTotal: state.firedTotal + 1,
    lastFired: { wallMs: now.wallMs, triggerId: trigger.id, signalId: signal.id },
    firedAtMs: rateLimit === undefined ? [] : [...state.firedAtMs, now.steadyMs].slice(-rateLimit.count),
    cooling: coolDown(state.cooling, added, now.steadyMs),
    ...(singleton === undefined ? {} : { running }),
  };
}
