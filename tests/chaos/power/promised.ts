/** What the workload says while it runs, and what had been promised when the power went. */
import type { DiskRecord } from "./recording.ts";

/** Said after the answer came, and so at a point of the order at which it holds already. */
export type Mark =
  | { readonly said: "started"; readonly epoch: number }
  | { readonly said: "stored"; readonly seq: number; readonly id: string; readonly body: string }
  | ({ readonly said: "settled" } & Settled)
  | { readonly said: "planned"; readonly key: string; readonly plan: string }
  | { readonly said: "backed up"; readonly name: string; readonly lastSeq: number }
  /** `worse`: signals of which it is told that their progress was lost. */
  | { readonly said: "repaired"; readonly lost: readonly number[]; readonly worse: readonly number[] }
  | { readonly said: "restored" }
  /** Said before it is done: it may have happened from here on. */
  | ({ readonly said: "settling" } & Settled)
  | { readonly said: "planning"; readonly key: string; readonly plan: string }
  | { readonly said: "pruning" }
  | { readonly said: "restoring"; readonly name: string };

export interface Settled {
  /** Consumer and sequence number. */
  readonly key: string;
  readonly outcome: "done" | "dead" | "retry";
  /** Ids of what was emitted with it. */
  readonly emits: readonly string[];
  /** The consumer's state from then on. */
  readonly state?: string;
}

export class Promised {
  stored: Map<number, { readonly id: string; readonly body: string }> = new Map();
  settled: Map<string, Settled> = new Map();
  /** Also what was tried and not answered. */
  tried: Map<string, Set<string>> = new Map();
  /** By delivery: the last one, and any that was tried after it. */
  plans: Map<string, readonly string[]> = new Map();
  /** The last one, and any that was tried after it. */
  states: string[] = [];
  epoch = 0;
  pruning = false;
  readonly backups = new Map<string, Promised>();
  /** A restore began: this may be what is there instead. */
  restoring: Promised | undefined;
  /** The highest number that was given out. */
  last = 0;

  copy(): Promised {
    const copy = new Promised();
    for (const [seq, signal] of this.stored) copy.stored.set(seq, signal);
    for (const [key, settled] of this.settled) copy.settled.set(key, settled);
    for (const [key, outcomes] of this.tried) copy.tried.set(key, new Set(outcomes));
    for (const [key, plan] of this.plans) copy.plans.set(key, plan);
    copy.states = [...this.states];
    copy.epoch = this.epoch;
    copy.last = this.last;
    copy.pruning = this.pruning;
    for (const [name, backup] of this.backups) copy.backups.set(name, backup);
    return copy;
  }

  take(record: DiskRecord): void {
    if (record.kind !== "mark") return;
    for (const line of record.text.trim().split("\n")) this.hear(JSON.parse(line) as Mark);
  }

  hear(mark: Mark): void {
    switch (mark.said) {
      case "started":
        this.epoch = mark.epoch;
        return;
      case "stored":
        this.stored.set(mark.seq, mark);
        this.last = Math.max(this.last, mark.seq);
        return;
      case "settling":
        this.tried.set(mark.key, (this.tried.get(mark.key) ?? new Set()).add(mark.outcome));
        if (mark.state !== undefined) this.states.push(mark.state);
        return;
      case "settled":
        this.settled.set(mark.key, mark);
        if (mark.state !== undefined) this.states = [mark.state];
        return;
      case "planning":
        // What was never planned may be planned now, or still not.
        if (this.plans.has(mark.key))
          this.plans.set(mark.key, [...(this.plans.get(mark.key) ?? []), mark.plan]);
        return;
      case "planned":
        this.plans.set(mark.key, [mark.plan]);
        return;
      case "pruning":
        this.pruning = true;
        return;
      case "backed up":
        this.backups.set(mark.name, this.copy());
        return;
      case "restoring":
        this.restoring = this.backups.get(mark.name);
        return;
      case "restored":
        this.#becomes(this.restoring ?? this);
        return;
      case "repaired":
        return;
    }
  }

  /** What was promised since counts no more; numbers that were given out do. */
  #becomes(other: Promised): void {
    const { stored, settled, tried, plans, states } = other.copy();
    Object.assign(this, { stored, settled, tried, plans, states, restoring: undefined });
  }
}

export function marksIn(records: readonly DiskRecord[]): Mark[] {
  return records.flatMap((record) =>
    record.kind === "mark"
      ? record.text
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as Mark)
      : [],
  );
}
