/** Dead letters that died of the same thing, found by what their errors have in common. Pure. */
import type { DeadLetter } from "@kloros/journal";

export interface LetterGroup {
  readonly count: number;
  readonly consumer: string;
  /** Null: content that never was a signal. */
  readonly signal: string | null;
  readonly reason: string;
  /** With what differs from letter to letter replaced. */
  readonly error: string;
  /** UTC ms. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** Number of the newest: one to look at. */
  readonly newest: number;
}

type Grouped = Pick<DeadLetter, "n" | "consumer" | "signalName" | "reason" | "error" | "deadAt">;

/** What varies while the fault is the same; each is tried in this order. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/\b[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\b/gi, "<id>"],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?/g, "<time>"],
  [/"[^"]{0,500}"/g, '"…"'],
  [/(?<![\w.])\/[\w.@%+-]+(?:\/[\w.@%+-]+)*/g, "<path>"],
  [/\b(?:0x)?(?=[\da-f]*\d)[\da-f]{8,}\b/gi, "<hex>"],
  [/\d+(?:\.\d+)?/g, "<n>"],
];
const SHOWN_MAX = 160;
/** Kept apart; what comes beyond is counted together. */
const GROUPS_MAX = 1000;

/** The first line of an error without what makes it this one's: ids, times, paths, quoted texts, numbers. */
export function commonError(error: string): string {
  const line = error.slice(0, 1000).split("\n", 1)[0] ?? "";
  const common = VARYING.reduce((text, [pattern, by]) => text.replace(pattern, by), line);
  return common.replaceAll(/\s+/g, " ").trim().slice(0, SHOWN_MAX);
}

export class LetterGroups {
  readonly #groups = new Map<string, LetterGroup>();

  add(letter: Grouped): void {
    const { n, consumer, signalName: signal, reason, deadAt } = letter;
    const error = commonError(letter.error);
    let key = JSON.stringify([consumer, signal, reason, error]);
    let group: Pick<LetterGroup, "consumer" | "signal" | "reason" | "error"> = {
      consumer,
      signal,
      reason,
      error,
    };
    if (!this.#groups.has(key) && this.#groups.size >= GROUPS_MAX) {
      key = "";
      group = { consumer: "…", signal: null, reason: "…", error: "others, too many to tell apart" };
    }
    const before = this.#groups.get(key);
    this.#groups.set(key, {
      ...group,
      count: (before?.count ?? 0) + 1,
      firstAt: Math.min(before?.firstAt ?? deadAt, deadAt),
      lastAt: Math.max(before?.lastAt ?? deadAt, deadAt),
      newest: Math.max(before?.newest ?? n, n),
    });
  }

  /** Most first. */
  list(): readonly LetterGroup[] {
    return [...this.#groups.values()].toSorted((a, b) => b.count - a.count || b.newest - a.newest);
  }
}
