/** How what a rule has started comes to its end, and what that means for its subjects. Pure. */
import type { Envelope } from "@kloros/signal-schema";
import { bindSignal } from "../expression/bind_signal.ts";
import type { Rule } from "../rules/rule.ts";
import { recordOf } from "./course.ts";
import type { Course, Situation } from "./course.ts";
import { textsOf } from "./judge.ts";
import { coolDown } from "./state.ts";
import type { RuleState } from "./state.ts";

/**
 * A run that ended leaves its subjects alone for so long, or for its cooldown if that is shorter, ms: advisories about them
 * that were on their way, or that come before everybody has heard of the end, start nothing.
 */
const SETTLING_MS = 60_000;

/** The run's limit passed without a signal that ends it. */
export function endOverdueRun(rule: Rule, situation: Situation, course: Course): Course {
  const { running } = course.state;
  if (running === undefined) return course;
  const limitMs = rule.control.singleton?.limitMs ?? 0;
  if (situation.now.steadyMs < running.sinceMs + limitMs) return course;
  const reason = "its run took longer than its limit; it counts as ended";
  return release(rule, situation, course, reason);
}

/** A signal that descends from the trigger ends the run. */
export function endRun(rule: Rule, situation: Situation, course: Course): Course {
  const { running } = course.state;
  const { signal } = situation;
  if (running === undefined || !descends(signal, running)) return course;
  const released = release(rule, situation, course, `${signal.signal} ended what it had started`);
  if (rule.control.cooldownMs === undefined || running.subjects.length === 0) return released;
  const untilMs = situation.now.steadyMs + Math.min(SETTLING_MS, rule.control.cooldownMs);
  const added = running.subjects.map((subject) => [subject, untilMs] as const);
  const cooling = coolDown(released.state.cooling, added, situation.now.steadyMs);
  return { ...released, state: { ...released.state, cooling } };
}

/**
 * By the trace, which every child carries on, and by how far down it stands: what made a rule fire may have other children.
 * A signal that is a root of its own (a timeout that the bus tells of) names the trigger as its cause or its request.
 */
function descends(signal: Envelope, running: NonNullable<RuleState["running"]>): boolean {
  return (
    (signal.trace === running.trace && signal.hops > running.hops) ||
    signal.cause === running.triggerId ||
    signal.facts["request_id"] === running.triggerId
  );
}

function release(rule: Rule, situation: Situation, course: Course, reason: string): Course {
  const { running, ...state } = course.state;
  const record = recordOf(rule, situation.signal, situation, {
    outcome: "released",
    reason,
    subjects: running?.subjects ?? [],
    ...(running === undefined ? {} : { triggerId: running.triggerId }),
  });
  return { ...course, state, records: [...course.records, record] };
}

/** Subjects that were dealt with cool down anew, whoever's trigger it was. An error in the expression settles nothing. */
export function settle(rule: Rule, situation: Situation, course: Course): Course {
  const { cooldownMs } = rule.control;
  if (rule.settled === undefined || cooldownMs === undefined) return course;
  const { now } = situation;
  const subjects = textsOf(rule.settled, bindSignal(situation.signal, { wallMs: now.wallMs }));
  if (typeof subjects === "string" || subjects.length === 0) return course;
  const added = subjects.map((subject) => [subject, now.steadyMs + cooldownMs] as const);
  const cooling = coolDown(course.state.cooling, added, now.steadyMs);
  return { ...course, state: { ...course.state, cooling } };
}
