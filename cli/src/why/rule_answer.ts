/** What the rules that emit a signal made of what they saw, up to a moment. */
import type { DecisionRecord, Emitting } from "@kloros/policy-engine";
import { moment } from "../view/amounts.ts";
import type { Knowledge } from "./knowledge.ts";

export interface RuleAnswer {
  /** One a group of equal evaluations, newest first: a sentence, and its details. */
  readonly sentences: readonly (readonly string[])[];
  /** Those that are told. */
  readonly records: readonly DecisionRecord[];
}

/** Evaluations that are looked at. */
const LOOKED_AT_MAX = 200;
/** Groups of them that are told. */
const GROUPS_MAX = 4;

export async function ruleAnswer(
  signal: string,
  atMs: number,
  { decisions, noDecisions }: Knowledge,
): Promise<RuleAnswer> {
  if (decisions === undefined)
    return { sentences: [[noDecisions ?? "there is no decision log"]], records: [] };
  const { explainDecision, explainEmitting } = await import("@kloros/policy-engine");
  const emitting = decisions.emitting(signal, { atMs, limit: LOOKED_AT_MAX });
  if (emitting.records.length === 0) {
    return { sentences: explainEmitting(emitting).map((sentence) => [sentence]), records: [] };
  }
  const groups = grouped(emitting.records).slice(0, GROUPS_MAX);
  return {
    sentences: [
      ...sinceThen(emitting, atMs),
      ...groups.map((group) => [...explainDecision(group.newest), ...likewise(group)]),
    ],
    records: groups.map(({ newest }) => newest),
  };
}

/** Evaluations follow their signal within moments. */
const FRESH_MS = 2000;

function sinceThen({ records: [newest], rules }: Emitting, atMs: number): readonly (readonly string[])[] {
  if (newest === undefined || atMs - newest.atMs < FRESH_MS) return [];
  const after = `Nothing was evaluated after ${moment(newest.atMs)}`;
  const emitting = rules?.rules ?? [];
  if (emitting.length === 0) return [[`${after}: none of the rules in force emits it any more.`]];
  const heard = [...new Set(emitting.flatMap(({ on }) => on))].join(", ");
  return [[`${after}; its rules listen to ${heard}.`]];
}

export interface Group {
  readonly newest: DecisionRecord;
  readonly oldest: DecisionRecord;
  readonly count: number;
}

/** Neighbours that came to the same for the same reason; `records`: newest first. Pure. */
export function grouped(records: readonly DecisionRecord[]): readonly Group[] {
  const groups: Group[] = [];
  for (const record of records) {
    const last = groups.at(-1);
    if (last !== undefined && kind(last.newest) === kind(record)) {
      groups[groups.length - 1] = { ...last, oldest: record, count: last.count + 1 };
    } else groups.push({ newest: record, oldest: record, count: 1 });
  }
  return groups;
}

function kind({ rule, outcome, control, triggerId, parts }: DecisionRecord): string {
  const unmet = parts.filter(({ value }) => value !== true).map(({ text }) => text);
  return JSON.stringify([rule, outcome, control, outcome === "fired" ? triggerId : "", unmet]);
}

function likewise({ count, oldest }: Group): readonly string[] {
  return count === 1 ? [] : [`The ${count - 1} before it came to the same, since ${moment(oldest.atMs)}.`];
}
