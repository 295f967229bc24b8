/** What the end of a cycle means for promotions, and what is told of those that wait. Pure. */
import type { FactsOf, PromotionsDetected } from "@kloros/signal-schema";
import type { DirectoryLook, Promotion } from "./promotion.ts";

/** A cycle that ran and ended, well or not. */
export interface Cycle {
  /** Id of its trigger: a timeout and a late completion are one cycle. */
  readonly id: string;
  /** UTC ms. */
  readonly endedMs: number;
  readonly success: boolean;
}

export interface Failure {
  readonly cycle: string;
  readonly runTag: string | null;
  /** UTC ms. */
  readonly atMs: number;
}

/** A promotion that is to be acknowledged. */
export interface Due {
  readonly id: string;
  readonly cycle: string;
  readonly runTag: string | null;
  /** UTC ms. */
  readonly atMs: number;
}

/** What outlives the process. */
export interface PromotionMemory {
  /** Ids of signals that were taken in, newest last: a repetition changes nothing. */
  readonly handled: readonly string[];
  /** Newest last. */
  readonly cycles: readonly Cycle[];
  /** By promotion's id: the cycles that considered it in vain since it came, was changed, succeeded or was parked. */
  readonly failures: Readonly<Record<string, readonly Failure[]>>;
  readonly due: readonly Due[];
}

export const NOTHING_REMEMBERED: PromotionMemory = { handled: [], cycles: [], failures: {}, due: [] };

export interface CycleEvent {
  readonly signalId: string;
  /** `ended`: the cycle itself; `deployed`: what came of it was dealt with. */
  readonly kind: "ended" | "deployed";
  readonly cycle: string;
  readonly success: boolean;
  readonly runTag: string | null;
  /** UTC ms. */
  readonly atMs: number;
  readonly promotionIds: readonly string[];
}

/** Far more than can be delivered again. */
const HANDLED_MAX = 512;
const CYCLES_MAX = 64;
/** Promotions with failures, and those to be acknowledged; the oldest are forgotten first. */
const PROMOTIONS_MAX = 10_000;

/** The same object when the event is known. */
export function takeIn(memory: PromotionMemory, event: CycleEvent): PromotionMemory {
  if (memory.handled.includes(event.signalId)) return memory;
  const handled = [...memory.handled, event.signalId].slice(-HANDLED_MAX);
  if (event.kind === "ended") return { ...ended(memory, event), handled };
  return event.success ? { ...deployed(memory, event), handled } : { ...memory, handled };
}

function ended(memory: PromotionMemory, event: CycleEvent): PromotionMemory {
  const known = memory.cycles.find(({ id }) => id === event.cycle);
  // A timeout that comes after the success says nothing any more.
  if (known?.success === true) return memory;
  const { cycle: id, atMs, success } = event;
  const others = memory.cycles.filter((cycle) => cycle !== known);
  const cycles = [...others, { id, endedMs: atMs, success }].slice(-CYCLES_MAX);
  if (success) return { ...memory, cycles, failures: without(memory.failures, event.promotionIds) };
  return { ...memory, cycles, failures: counted(memory.failures, event) };
}

function counted(failures: PromotionMemory["failures"], event: CycleEvent): PromotionMemory["failures"] {
  const failure: Failure = { cycle: event.cycle, runTag: event.runTag, atMs: event.atMs };
  const now = event.promotionIds
    .map((id): [string, readonly Failure[]] => [id, failures[id] ?? []])
    .filter(([, before]) => before.every(({ cycle }) => cycle !== event.cycle))
    .map(([id, before]): [string, readonly Failure[]] => [id, [...before, failure]]);
  const kept = Object.entries(
    without(
      failures,
      now.map(([id]) => id),
    ),
  );
  return Object.fromEntries([...kept, ...now].slice(-PROMOTIONS_MAX));
}

function deployed(memory: PromotionMemory, event: CycleEvent): PromotionMemory {
  const known = new Set(memory.due.map(({ id }) => id));
  const { cycle, runTag, atMs } = event;
  const fresh = [...new Set(event.promotionIds)]
    .filter((id) => !known.has(id))
    .map((id): Due => ({ id, cycle, runTag, atMs }));
  const due = [...memory.due, ...fresh].slice(-PROMOTIONS_MAX);
  return { ...memory, due, failures: without(memory.failures, event.promotionIds) };
}

function without(failures: PromotionMemory["failures"], ids: readonly string[]): PromotionMemory["failures"] {
  const gone = new Set(ids);
  return Object.fromEntries(Object.entries(failures).filter(([id]) => !gone.has(id)));
}

/** What is to be done with a promotion that stands in its directory. */
export type Verdict =
  | { readonly kind: "waits" }
  | { readonly kind: "acknowledge"; readonly due: Due }
  | { readonly kind: "park"; readonly failures: readonly Failure[] };

export function judge(promotion: Promotion, memory: PromotionMemory, parkAfter: number): Verdict {
  const due = memory.due.find(({ id }) => id === promotion.id);
  if (due !== undefined) return { kind: "acknowledge", due };
  const failures = memory.failures[promotion.id] ?? [];
  return failures.length >= parkAfter ? { kind: "park", failures } : { kind: "waits" };
}

/**
 * What is still to be done after all directories were gone through: what may still be there (`open`). What is gone, or was
 * replaced, is over; a parked promotion that is moved back has all its chances again.
 */
export function settled(
  memory: PromotionMemory,
  open: ReadonlySet<string>,
  parkAfter: number,
): PromotionMemory {
  const due = memory.due.filter(({ id }) => open.has(id));
  const over = Object.entries(memory.failures)
    .filter(([id, failures]) => failures.length >= parkAfter && !open.has(id))
    .map(([id]) => id);
  if (due.length === memory.due.length && over.length === 0) return memory;
  return { ...memory, due, failures: without(memory.failures, over) };
}

/** Ids and files that one advisory names. */
const NAMED_MAX = 500;
/** Of a signal's 256 KiB; names may be long. */
const NAMED_BYTES_MAX = 180_000;

/** Those that wait, oldest first. */
export function waitingOf(
  look: DirectoryLook,
  memory: PromotionMemory,
  parkAfter: number,
): readonly Promotion[] {
  const due = new Set(memory.due.map(({ id }) => id));
  return look.promotions
    .filter(({ id, file }) => {
      if (look.acknowledged.has(file) || due.has(id)) return false;
      return (memory.failures[id]?.length ?? 0) < parkAfter;
    })
    .toSorted((a, b) => a.writtenMs - b.writtenMs || (a.file < b.file ? -1 : 1));
}

/** Undefined when none waits. `waiting`: oldest first. */
export function advisoryFacts(
  look: DirectoryLook,
  waiting: readonly Promotion[],
  now: { readonly nowMs: number; readonly lastDreamMs: number | undefined },
): FactsOf<typeof PromotionsDetected> | undefined {
  const [oldest] = waiting;
  const newest = waiting.at(-1);
  if (oldest === undefined || newest === undefined) return undefined;
  const named = namable(waiting);
  return {
    promotion_count: look.promotions.length,
    unacknowledged_count: waiting.length,
    oldest_promotion_age_hours: ageHours(oldest.writtenMs, now.nowMs),
    newest_promotion_age_hours: ageHours(newest.writtenMs, now.nowMs),
    ...(now.lastDreamMs === undefined ? {} : { last_dream_time: new Date(now.lastDreamMs).toISOString() }),
    promotions_path: look.place.path,
    promotion_files: named.map(({ file }) => file),
    promotion_ids: named.map(({ id }) => id),
  };
}

function namable(waiting: readonly Promotion[]): readonly Promotion[] {
  let bytes = 0;
  const end = waiting.slice(0, NAMED_MAX).findIndex(({ id, file }) => {
    // As JSON writes them, at most three bytes a unit.
    bytes += 3 * (JSON.stringify(id).length + JSON.stringify(file).length + 2);
    return bytes > NAMED_BYTES_MAX;
  });
  return waiting.slice(0, end < 0 ? NAMED_MAX : end);
}

const HOUR_MS = 3_600_000;

/** A file from the future, after a step of the clock, is new. */
function ageHours(sinceMs: number, nowMs: number): number {
  return Math.max(0, Math.round(((nowMs - sinceMs) / HOUR_MS) * 1e6) / 1e6);
}
