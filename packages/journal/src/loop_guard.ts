/**
 * Finds what goes round in circles. What counts as "the same" is the name with the loop key of its definition; signals that are
 * `root` (advisories, timers, timeouts) are repeated on purpose and never judged.
 *
 * - `cycle`: the third of the same in one ancestry, by `cause`, also across roots that name theirs (a timeout does). The walk
 *   reads stored signals; a sketch of counts says when it could be the third time, too often at worst.
 * - `rate`: more than ten of the same in ten minutes, of signals without a cause (a loop through intent files has none). Not
 *   the operator's: a person may. Times are kept from the second time on, for exact keys.
 *
 * Invariants: memory is bounded and changes only after the commit; what it forgets (restart, overflow) delays a cut, never makes one.
 */
import { ENVELOPE_LIMITS, type Envelope, findSignal } from "@kloros/signal-schema";
import type { PreparedSignal } from "./prepare.ts";
import type { Transaction } from "./transaction.ts";

/** So many of the same in one ancestry are a loop. */
const ANCESTRY_MAX = 2;
const RATE_MAX = 10;
const RATE_MS = 10 * 60_000;
/** Cells of the sketches: five bytes each. */
const CELLS = 1 << 20;
/** Keys whose times are kept. */
const KEYS_MAX = 32_768;
const KEY_LENGTH_MAX = 200;
/** Beyond it a chain is walked whatever the sketch says: no wanted one is so long. */
const HOPS_UNLOOKED = 8;

export interface Loop {
  readonly rule: "cycle" | "rate";
  /** Names from the root, as far as known, to the signal that is cut. */
  readonly path: readonly string[];
  /** Id of the first of the same: what is told about it is told once. */
  readonly first: string;
}

interface Rate {
  /** The last ten, on the broker's clock, oldest first. */
  readonly times: readonly number[];
  /** Id of the signal that was cut first, while it goes on. */
  readonly cut: string | undefined;
}

/** What the running transaction adds. */
interface Additions {
  readonly tx: Transaction;
  readonly seen: Map<number, number>;
  readonly last: Map<number, number>;
  readonly rates: Map<string, Rate>;
}

export class LoopGuard {
  readonly #sketch = new Uint8Array(CELLS);
  #counted = 0;
  /** When something of this cell was said last, s; most keys are said once and need no more. 0: never. */
  readonly #last = new Uint32Array(CELLS);
  readonly #rates = new Map<string, Rate>();
  #additions: Additions | undefined;

  /** Whether this signal, stored a moment ago in `tx`, is one too many. `now`: broker's clock, ms. */
  judge(tx: Transaction, s: PreparedSignal, now: number): Loop | undefined {
    if (s.loopKey === null) return undefined;
    return s.cause === null ? this.#judgeRate(tx, s, now) : this.#judgeAncestry(tx, s);
  }

  #judgeAncestry(tx: Transaction, s: PreparedSignal): Loop | undefined {
    const { seen } = this.#adding(tx);
    const cell = cellOf(s);
    const added = seen.get(cell) ?? 0;
    seen.set(cell, added + 1);
    // The first of them may have no cause, and is not in the sketch.
    const could = (this.#sketch[cell] ?? 0) + added + 1 >= ANCESTRY_MAX;
    return could || s.hops >= HOPS_UNLOOKED ? cycleOf(tx, s) : undefined;
  }

  #judgeRate(tx: Transaction, s: PreparedSignal, now: number): Loop | undefined {
    if (s.source === "operator") return undefined;
    const { rates, last } = this.#adding(tx);
    const cell = cellOf(s);
    const before = last.get(cell) ?? this.#last[cell] ?? 0;
    const second = Math.floor(now / 1000) + 1;
    last.set(cell, second);
    if (before === 0 || (second - before) * 1000 > RATE_MS + 1000) return undefined;
    const key = keyOf(s.name, s.loopKey ?? "");
    const known = rates.get(key) ?? this.#rates.get(key);
    // The first time is not among the rates.
    const { times, cut } = known ?? { times: [(before - 1) * 1000], cut: undefined };
    const over = times.length === RATE_MAX && now - (times[0] ?? now) < RATE_MS;
    const first = over ? (cut ?? s.id) : undefined;
    rates.set(key, { times: [...times.slice(-RATE_MAX + 1), now], cut: first });
    return first === undefined ? undefined : { rule: "rate", path: [s.name], first };
  }

  #adding(tx: Transaction): Additions {
    if (this.#additions?.tx === tx) return this.#additions;
    const additions = {
      tx,
      seen: new Map<number, number>(),
      last: new Map<number, number>(),
      rates: new Map<string, Rate>(),
    };
    this.#additions = additions;
    tx.afterCommit(() => this.#keep(additions));
    return additions;
  }

  #keep({ seen, last, rates }: Additions): void {
    this.#additions = undefined;
    for (const [cell, n] of seen) {
      this.#sketch[cell] = Math.min(255, (this.#sketch[cell] ?? 0) + n);
      this.#counted += n;
    }
    // Full of other signals it would only say "maybe".
    if (this.#counted > CELLS) {
      this.#sketch.fill(0);
      this.#counted = 0;
    }
    for (const [cell, second] of last) this.#last[cell] = second;
    for (const [key, rate] of rates) {
      // To the end: the one that was heard of longest ago goes first.
      this.#rates.delete(key);
      this.#rates.set(key, rate);
    }
    for (const key of this.#rates.keys()) {
      if (this.#rates.size <= KEYS_MAX) break;
      this.#rates.delete(key);
    }
  }
}

function cellOf({ name, loopKey }: PreparedSignal): number {
  return Bun.hash.xxHash32(loopKey ?? "", Bun.hash.xxHash32(name)) % CELLS;
}

/** Bounded; two that meet would cut an innocent one. */
function keyOf(name: string, loopKey: string): string {
  return loopKey.length <= KEY_LENGTH_MAX
    ? `${name}|${loopKey}`
    : `${name}#${Bun.SHA256.hash(loopKey, "hex")}`;
}

/** Walks the ancestry. */
function cycleOf(tx: Transaction, s: PreparedSignal): Loop | undefined {
  const path = [s.name];
  let first: string | undefined;
  let same = 0;
  let id = s.cause;
  while (id !== null && path.length <= ENVELOPE_LIMITS.hopsMax) {
    const ancestor = readSignal(tx, id);
    if (ancestor === undefined) break;
    path.unshift(ancestor.signal);
    if (ancestor.signal === s.name && loopKeyOf(ancestor) === s.loopKey) {
      same += 1;
      first = ancestor.id;
    }
    id = ancestor.cause ?? null;
  }
  return first === undefined || same < ANCESTRY_MAX ? undefined : { rule: "cycle", path, first };
}

function readSignal(tx: Transaction, id: string): Envelope | undefined {
  const row = tx.db.prepare("SELECT body FROM signal WHERE id = ?").get(id) as { body: string } | null;
  try {
    return row === null ? undefined : (JSON.parse(row.body) as Envelope);
  } catch {
    return undefined; // damaged
  }
}

function loopKeyOf({ signal, facts }: Envelope): string | undefined {
  try {
    return findSignal(signal)?.loopKey(facts);
  } catch {
    return undefined; // damaged
  }
}
