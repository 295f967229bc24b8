/**
 * What the engine remembers between signals. It is the consumer's state: committed with the acknowledgement and the
 * triggers. All times in it are steady (see moment.ts) unless named wall. Pure.
 */
import type { Envelope } from "@kloros/signal-schema";
import { Type } from "@sinclair/typebox";
import type { Static } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import type { TimeMark } from "./moment.ts";

/** Bytes that one signal which is held back may take; a larger one is not kept: its condition is advised again. */
const HELD_BYTES_MAX = 32 * 1024;
/** Characters in a subject. */
export const SUBJECT_LENGTH_MAX = 512;
/** Characters that the cooling subjects of one rule may take together, and how many they may be. The oldest go. */
const COOLING_LENGTH_MAX = 64 * 1024;
const COOLING_MAX = 2000;
/** The whole, characters; the bus takes a state of 1 MiB, and a character has at most three bytes. */
const STATE_LENGTH_MAX = 300_000;
/** Rules that are gone from the file keep their memory, should they come back; so many. */
const GONE_RULES_MAX = 50;

const signal = Type.Object({
  signal: Type.String(),
  id: Type.String(),
  source: Type.String(),
  timestamp: Type.String(),
  trace: Type.String(),
  hops: Type.Integer(),
  facts: Type.Record(Type.String(), Type.Unknown()),
});

const ruleState = Type.Object({
  /** When anything in here was changed. */
  touchedMs: Type.Number(),
  firedTotal: Type.Integer(),
  lastFired: Type.Optional(
    Type.Object({ wallMs: Type.Number(), triggerId: Type.String(), signalId: Type.String() }),
  ),
  /** Of the last firings, as many as the rate limit looks at. */
  firedAtMs: Type.Array(Type.Number()),
  /** Subject and until when; the subject `""` is the rule as a whole. */
  cooling: Type.Array(Type.Tuple([Type.String(), Type.Number()])),
  running: Type.Optional(
    Type.Object({
      triggerId: Type.String(),
      trace: Type.String(),
      hops: Type.Integer(),
      sinceMs: Type.Number(),
      sinceWallMs: Type.Number(),
      subjects: Type.Array(Type.String()),
    }),
  ),
  /** The last matching signal that a control held back, to be judged again when what runs has ended. */
  held: Type.Optional(Type.Object({ signal, key: Type.String(), atMs: Type.Number() })),
  /** Waits for the end of its debounce; since when, and until when if nothing further comes. */
  pending: Type.Optional(
    Type.Object({ signal, key: Type.String(), sinceMs: Type.Number(), dueMs: Type.Number() }),
  ),
});

const timeMark = Type.Object({
  wallMs: Type.Number(),
  epoch: Type.String(),
  epochMs: Type.Number(),
  steadyMs: Type.Number(),
});

const engineState = Type.Object({
  version: Type.Literal(1),
  time: timeMark,
  rules: Type.Record(Type.String(), ruleState),
});

const checked = TypeCompiler.Compile(engineState);

export type RuleState = Static<typeof ruleState>;
export type EngineState = Static<typeof engineState>;
export type KeptSignal = Static<typeof signal>;

export const NEW_RULE_STATE: RuleState = { touchedMs: 0, firedTotal: 0, firedAtMs: [], cooling: [] };

/** Undefined: it is no state of ours, and the engine begins anew. Null, as at the first start, is a new one too. */
export function readState(value: unknown, time: TimeMark): EngineState | undefined {
  if (value === null || value === undefined) return { version: 1, time, rules: {} };
  return checked.Check(value) ? value : undefined;
}

/** The mark of time inside of what may be a state. */
export function timeOf(value: unknown): TimeMark | undefined {
  return checked.Check(value) ? value.time : undefined;
}

/** Undefined: too large to be kept. */
export function keepSignal(envelope: Envelope | KeptSignal): KeptSignal | undefined {
  const { signal: name, id, source, timestamp, trace, hops, facts } = envelope;
  const kept = { signal: name, id, source, timestamp, trace, hops, facts };
  return JSON.stringify(kept).length > HELD_BYTES_MAX ? undefined : kept;
}

/** Adds to what cools, and forgets what does not any more. */
export function coolDown(
  cooling: RuleState["cooling"],
  added: readonly (readonly [string, number])[],
  nowMs: number,
): RuleState["cooling"] {
  const until = new Map(cooling.filter(([, untilMs]) => untilMs > nowMs));
  for (const [subject, untilMs] of added) {
    const later = Math.max(untilMs, until.get(subject) ?? 0);
    // Put at the end: what was added last is forgotten last.
    until.delete(subject);
    if (later > nowMs) until.set(subject, later);
  }
  return boundSubjects([...until].toReversed(), ([subject]) => subject).toReversed();
}

/** The first of them, as many as may be remembered. */
export function boundSubjects<T>(items: readonly T[], subjectOf: (item: T) => string): T[] {
  let length = 0;
  return items.slice(0, COOLING_MAX).filter((item) => {
    length += subjectOf(item).length;
    return length <= COOLING_LENGTH_MAX;
  });
}

/** Bounds the whole: first what is only convenient goes (held signals), then the memory of rules that are gone. */
export function boundState(state: EngineState, known: ReadonlySet<string>): EngineState {
  const gone = Object.entries(state.rules)
    .filter(([name]) => !known.has(name))
    .toSorted(([, a], [, b]) => b.touchedMs - a.touchedMs)
    .map(([name]) => name);
  let bounded = without(state, new Set(gone.slice(GONE_RULES_MAX)));
  if (JSON.stringify(bounded).length > STATE_LENGTH_MAX) bounded = withoutHeld(bounded);
  if (JSON.stringify(bounded).length > STATE_LENGTH_MAX) bounded = without(bounded, new Set(gone));
  for (let most = COOLING_MAX; most > 0 && JSON.stringify(bounded).length > STATE_LENGTH_MAX;) {
    most = Math.floor(most / 2);
    bounded = withSubjects(bounded, most);
  }
  return bounded;
}

function without(state: EngineState, names: ReadonlySet<string>): EngineState {
  if (names.size === 0) return state;
  const rules = Object.fromEntries(Object.entries(state.rules).filter(([name]) => !names.has(name)));
  return { ...state, rules };
}

function withoutHeld(state: EngineState): EngineState {
  const rules = Object.entries(state.rules).map(([name, rule]) => {
    const { held, ...rest } = rule;
    return [name, held === undefined ? rule : rest] as const;
  });
  return { ...state, rules: Object.fromEntries(rules) };
}

/** Of each rule at most so many subjects, the newest of those that cool. */
function withSubjects(state: EngineState, most: number): EngineState {
  const rules = Object.entries(state.rules).map(([name, { running, ...rule }]) => {
    const cooling = rule.cooling.slice(Math.max(0, rule.cooling.length - most));
    const run = running && { ...running, subjects: running.subjects.slice(0, most) };
    return [name, { ...rule, cooling, ...(run === undefined ? {} : { running: run }) }] as const;
  });
  return { ...state, rules: Object.fromEntries(rules) };
}
