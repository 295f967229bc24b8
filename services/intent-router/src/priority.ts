/**
 * Priorities of intents: the original writers use numbers (1 to 10), newer ones words.
 * Source of the bounds: the installation's intents (10, 9 critical; 8, 7 high; 6, 5 normal; below that low).
 */

export const PRIORITIES = ["critical", "high", "normal", "low"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** 0 is the most urgent. */
export function rankOf(priority: Priority): number {
  return PRIORITIES.indexOf(priority);
}

/** Overtakes a backlog. */
export function isUrgent(priority: Priority): boolean {
  return rankOf(priority) <= 1;
}

export interface PrioritySources {
  readonly data: unknown;
  readonly top: unknown;
  /** What the type has by custom, when the file says nothing. */
  readonly byType: number | undefined;
}

/** A word wins over a number, `data` over the top level; nothing usable: the type's custom, else normal. */
export function readPriority(sources: PrioritySources): Priority {
  return (
    wordOf(sources.data) ??
    wordOf(sources.top) ??
    numberOf(sources.data) ??
    numberOf(sources.top) ??
    numberOf(sources.byType) ??
    "normal"
  );
}

function wordOf(value: unknown): Priority | undefined {
  if (typeof value !== "string") return undefined;
  const word = value.trim().toLowerCase();
  return PRIORITIES.find((priority) => priority === word);
}

function numberOf(value: unknown): Priority | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || Number.isNaN(number)) return undefined;
  if (number >= 9) return "critical";
  if (number >= 7) return "high";
  return number >= 5 ? "normal" : "low";
}
