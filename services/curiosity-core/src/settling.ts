/**
 * Tells modules that are still being written from those that rest. A module copied into place file by file would
 * otherwise be asked about once a file.
 */
import type { Finding } from "./finding.ts";

/** A directory that changed so lately may still become a candidate: nothing tells us of files inside it. */
const RESTLESS_MS = 3000;

interface Seen {
  readonly signature: string;
  /** Since when it looks so, monotonic ms. */
  readonly sinceMs: number;
  /** It was there, and old, when it was first seen. */
  readonly old: boolean;
}

export interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export class Settling {
  readonly #settleMs: number;
  #seen = new Map<string, Seen>();
  #now: Moment = { wallMs: 0, monotonicMs: 0 };

  constructor(settleMs: number) {
    this.#settleMs = settleMs;
  }

  /** Takes in a new survey; what is not in it any more is forgotten. */
  observe(findings: readonly Finding[], now: Moment): void {
    const seen = new Map<string, Seen>();
    for (const finding of findings) {
      const { name, hasInit, pyFiles, hasReadme, changedMs } = finding;
      const signature = `${hasInit} ${pyFiles} ${hasReadme} ${changedMs}`;
      const before = this.#seen.get(name);
      const age = now.wallMs - changedMs;
      // Only the first look trusts the wall clock; a later change counts from when it was noticed.
      const old = before === undefined && age >= this.#settleMs;
      const same = before?.signature === signature;
      seen.set(name, same ? before : { signature, sinceMs: now.monotonicMs, old });
    }
    this.#seen = seen;
    this.#now = now;
  }

  isSettled(finding: Finding): boolean {
    const seen = this.#seen.get(finding.name);
    if (seen === undefined) return false;
    return seen.old || this.#now.monotonicMs - seen.sinceMs >= this.#settleMs;
  }

  /** Something changed so lately that it is worth looking again soon. */
  isRestless(finding: Finding): boolean {
    const seen = this.#seen.get(finding.name);
    if (seen === undefined || (seen.old && this.#now.wallMs - finding.changedMs >= RESTLESS_MS)) return false;
    return this.#now.monotonicMs - seen.sinceMs < RESTLESS_MS;
  }
}
