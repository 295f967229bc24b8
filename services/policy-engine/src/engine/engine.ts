/** From a delivery to what is emitted and remembered; everything around the pure decision. */
import type { Delivery, HandlerResult } from "@kloros/bus-client";
import { crashPoint, pauseText, readPause, rulePauseName } from "@kloros/daemon";
import type { ServiceContext } from "@kloros/daemon";
import type { Envelope } from "@kloros/signal-schema";
import { decide, isConcerned, nextDueMs } from "../decide.ts";
import type { RulePause } from "../deciding/holds.ts";
import { markTime } from "../deciding/moment.ts";
import type { Moment } from "../deciding/moment.ts";
import { NEW_RULE_STATE, readState, timeOf } from "../deciding/state.ts";
import type { EngineState } from "../deciding/state.ts";
import type { DecisionLog } from "../decisions/decision_log.ts";
import type { DecisionRecord } from "../decisions/decision_record.ts";
import type { config } from "../manifest.ts";
import type { RuleSet } from "../rules/rule.ts";
import { momentOf, readTime } from "./clock_reading.ts";

export type EngineContext = Pick<ServiceContext<typeof config>, "paths" | "mode" | "log" | "clock" | "count">;

export interface EngineOptions {
  readonly ruleSet: () => RuleSet;
  /** Absent in observe mode: nothing is written. */
  readonly decisions: DecisionLog | undefined;
  /** Told of what is remembered after each signal that concerned a rule. */
  readonly onState: (state: EngineState, now: Moment) => void;
  /** Told when a debounce is over next. */
  readonly onDue: (due: { readonly rule: string; readonly inMs: number } | undefined) => void;
}

export interface Engine {
  handle(delivery: Pick<Delivery, "signal" | "state">): HandlerResult | undefined;
}

export function createEngine(context: EngineContext, options: EngineOptions): Engine {
  const { log, clock } = context;
  const startedAs = `process:${String(process.pid)}:${String(clock.wallMs())}`;
  return {
    handle: ({ signal, state: stored }) => {
      const ruleSet = options.ruleSet();
      const time = markTime(timeOf(stored), readTime(clock, startedAs));
      const known = readState(stored, time);
      if (known !== undefined) options.decisions?.settle((fired) => wasCommitted(known, fired));
      if (!ruleSet.rules.some((rule) => isConcerned(rule, signal.signal))) return undefined;
      const state = known ?? forgetful(context, time);
      const now = momentOf(time);
      const pauses = pausesOf(context, ruleSet, signal, now.wallMs);
      const decided = decide({ state, signal, ruleSet, now, time, pauses });
      tell(context, decided.records);
      options.decisions?.record(decided.records);
      if (decided.records.length > 0) crashPoint("policy.recorded");
      const after = decided.state ?? state;
      const due = nextDueMs(after, ruleSet.rules);
      options.onDue(due === undefined ? undefined : { rule: due.rule, inMs: due.dueMs - now.steadyMs });
      options.onState(after, now);
      log.debug({ signal: signal.signal, id: signal.id, evaluations: decided.records.length }, "judged");
      return { emit: decided.emit, ...(decided.state === undefined ? {} : { state: decided.state }) };
    },
  };
}

function wasCommitted({ rules }: EngineState, { rule, triggerId, firing = 0 }: DecisionRecord): boolean {
  const { firedTotal, lastFired } = rules[rule] ?? NEW_RULE_STATE;
  return firing < firedTotal || (firing === firedTotal && lastFired?.triggerId === triggerId);
}

/** What cannot be read would hold everything back for ever. */
function forgetful({ log }: EngineContext, time: EngineState["time"]): EngineState {
  log.error({}, "what the engine remembered cannot be read: cooldowns and runs begin anew");
  return { version: 1, time, rules: {} };
}

function pausesOf(
  { paths }: EngineContext,
  { rules }: RuleSet,
  { signal }: Envelope,
  nowMs: number,
): ReadonlyMap<string, RulePause> {
  const concerned = rules.filter((rule) => isConcerned(rule, signal));
  return new Map(
    concerned.flatMap(({ name }) => {
      const note = readPause(paths, rulePauseName(name), { nowMs });
      return note === undefined ? [] : [[name, { text: pauseText(note), untilMs: note.untilMs }] as const];
    }),
  );
}

/** Quiet about what is so every minute. */
const LOUD: ReadonlySet<DecisionRecord["outcome"]> = new Set([
  "fired",
  "released",
  "emit_error",
  "condition_error",
]);

function tell({ log, count, mode }: EngineContext, records: readonly DecisionRecord[]): void {
  for (const {
    rule,
    outcome,
    control,
    reason,
    signal,
    signalId,
    triggerId,
    subjects,
    eligibleAtMs,
  } of records) {
    count("policy_evaluations_total", { rule, outcome });
    const until = eligibleAtMs === undefined ? {} : { eligibleAt: new Date(eligibleAtMs).toISOString() };
    const fields = {
      rule,
      outcome,
      signal,
      id: signalId,
      control,
      triggerId,
      subjects: subjects.slice(0, 5),
      ...until,
    };
    const dry = mode === "observe" ? " (observe mode)" : "";
    const text = `rule ${rule}: ${outcome}${reason === undefined ? "" : `, ${reason}`}${dry}`;
    if (outcome === "emit_error" || outcome === "condition_error") log.warn(fields, text);
    else if (LOUD.has(outcome) || outcome === "held") log.info(fields, text);
    else log.debug(fields, text);
  }
}
