import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Envelope } from "@kloros/signal-schema";
import { builtInRules } from "./rules/rule_set.ts";
import { cycleEnd, MINUTE, openRuleBench, promotions } from "./testing/rule_bench.ts";
import type { RuleBench } from "./testing/rule_bench.ts";

/** Each step takes a minute, at whose end the monitor tells of what waits. */
type Step =
  | { readonly kind: "pass" }
  | { readonly kind: "arrive" }
  | { readonly kind: "end"; readonly success: boolean }
  /** The engine dies between decision and commit, so that a signal comes twice. */
  | { readonly kind: "crash" }
  /** The machine is off for some minutes. */
  | { readonly kind: "boot"; readonly minutes: number }
  | { readonly kind: "clock"; readonly minutes: number }
  /** An advisory that was said a while ago comes again: within the cooldown, which is how long what was dealt with is known. */
  | { readonly kind: "stale" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.constant({ kind: "pass" } as const) },
  { weight: 3, arbitrary: fc.constant({ kind: "arrive" } as const) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("end" as const), success: fc.boolean() }) },
  { weight: 2, arbitrary: fc.constant({ kind: "crash" } as const) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("boot" as const), minutes: fc.integer({ min: 1, max: 20 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("clock" as const),
      minutes: fc.integer({ min: -3000, max: 3000 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "stale" } as const) },
);

/** Of the built-in rule. */
const COOLDOWN_MINUTES = 15;

/** A cycle's own limit. */
const CYCLE_MINUTES_MAX = 28;

class World {
  readonly bench: RuleBench = openRuleBench(builtInRules());
  readonly waiting = new Set<string>();
  /** When each promotion's cycles began, in minutes that really passed. */
  readonly began = new Map<string, number[]>();
  running: { readonly trigger: Envelope; readonly since: number } | undefined;
  overlapped = false;
  dealtWith = new Set<string>();
  #arrived = 0;
  #last: { readonly advisory: Envelope; readonly minute: number } | undefined;

  get minute(): number {
    return this.bench.passedMs / MINUTE;
  }

  take(emitted: readonly Envelope[]): void {
    for (const trigger of emitted) {
      this.overlapped ||= this.running !== undefined;
      this.running = { trigger, since: this.minute };
      const ids = trigger.facts["promotion_ids"] as readonly string[];
      expect(ids.length).toBeGreaterThan(0);
      for (const id of ids) {
        this.began.set(id, [...(this.began.get(id) ?? []), this.minute]);
        expect(this.dealtWith.has(id)).toBe(false);
      }
    }
  }

  end(success: boolean): void {
    const { running, bench } = this;
    if (running === undefined) return;
    this.running = undefined;
    if (success) {
      for (const id of running.trigger.facts["promotion_ids"] as readonly string[]) {
        this.waiting.delete(id);
        this.dealtWith.add(id);
      }
    }
    for (const signal of cycleEnd(running.trigger, { atMs: bench.wallMs, success }))
      this.take(bench.see(signal));
  }

  do(one: Step): void {
    const { bench } = this;
    if (one.kind === "arrive") this.waiting.add(`p${String((this.#arrived += 1))}@1`);
    if (one.kind === "end") this.end(one.success);
    if (one.kind === "clock") {
      bench.wallMs += one.minutes * MINUTE;
      // Were the machine off before the next signal, the step would count as time that passed.
      this.#last = undefined;
    }
    if (one.kind === "boot") {
      bench.wait(one.minutes * MINUTE);
      bench.reboot();
    }
    if (
      one.kind === "stale" &&
      this.#last !== undefined &&
      this.minute - this.#last.minute < COOLDOWN_MINUTES
    )
      this.take(bench.see(this.#last.advisory));
    bench.wait(MINUTE);
    if (this.running !== undefined && this.minute - this.running.since > CYCLE_MINUTES_MAX) this.end(false);
    if (this.waiting.size === 0) return;
    const advisory = promotions([...this.waiting], { atMs: bench.wallMs });
    this.#last = { advisory, minute: this.minute };
    const lost = one.kind === "crash" ? bench.see(advisory, { crash: true }) : [];
    const emitted = bench.see(advisory);
    if (one.kind === "crash") expect(emitted.map(({ id }) => id)).toEqual(lost.map(({ id }) => id));
    this.take(emitted);
  }
}

test("whatever happens, no two cycles overlap, no promotion starts two within its cooldown, and none is forgotten", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const world = new World();
      for (const one of steps) world.do(one);
      expect(world.overlapped).toBe(false);
      for (const times of world.began.values()) {
        for (const [index, minute] of times.slice(1).entries()) {
          expect(minute - (times[index] ?? 0)).toBeGreaterThanOrEqual(COOLDOWN_MINUTES);
        }
      }
      // In the end everything that waits is considered, as long as cycles end.
      for (let n = 0; n < 90 && world.waiting.size > 0; n += 1) world.do({ kind: "end", success: true });
      expect([...world.waiting]).toEqual([]);
      expect(world.bench.stored?.length ?? 0).toBeLessThan(100_000);
    }),
    { numRuns: 60 },
  );
});
