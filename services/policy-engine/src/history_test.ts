import { expect, test } from "bun:test";
import fc from "fast-check";
import { createRoot, DreamTimeout, DreamTrigger } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import { DEFAULT_RULES_TEXT } from "./rules/default_rules.ts";
import { EngineHistory } from "./testing/history.ts";
import { cycleEnd, promotions } from "./testing/rule_bench.ts";

type Step =
  | { readonly kind: "pass" | "operator" | "stale" | "timeout" | "stop" | "start" }
  | { readonly kind: "arrive" | "die"; readonly directory: 0 | 1 }
  | { readonly kind: "end"; readonly success: boolean }
  | { readonly kind: "clock"; readonly minutes: number }
  | { readonly kind: "rules"; readonly text: string };

const BROKEN = "version: 1\nrules: [";
const NO_RULES = "version: 1\nrules: []";
const OTHER_RULES = [
  DEFAULT_RULES_TEXT,
  DEFAULT_RULES_TEXT.replace("version: 1", "version: 1 # changed"),
  DEFAULT_RULES_TEXT.replace("unacknowledged_count > 0", "unacknowledged_count > 0 && facts.nested.is.gone"),
  BROKEN,
  NO_RULES,
];

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: "pass" } as const) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("arrive" as const), directory: fc.constantFrom(0, 1) }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("end" as const), success: fc.boolean() }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("die" as const), directory: fc.constantFrom(0, 1) }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "stop" } as const) },
  { weight: 6, arbitrary: fc.constant({ kind: "start" } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: "operator" } as const) },
  { weight: 2, arbitrary: fc.constant({ kind: "stale" } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: "timeout" } as const) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("clock" as const),
      minutes: fc.integer({ min: -3000, max: 3000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("rules" as const), text: fc.constantFrom(...OTHER_RULES) }),
  },
);

/** The monitor, the operator and what runs cycles. */
class World {
  readonly history = new EngineHistory();
  readonly #waiting: readonly [Set<string>, Set<string>] = [new Set(), new Set()];
  /** Triggers whose cycle has not ended, the oldest runs. */
  #open: Envelope[] = [];
  readonly #taken = new Set<string>();
  readonly #began = new Map<string, number[]>();
  #arrived = 0;
  #up = true;
  /** No rule listens, so nobody would notice a step of the clock before the next start. */
  #deaf = false;

  get waiting(): readonly string[] {
    return this.#waiting.flatMap((ids) => [...ids]);
  }

  async do(one: Step): Promise<void> {
    const { history } = this;
    if (one.kind === "arrive" || one.kind === "die")
      this.#waiting[one.directory].add(`p${String((this.#arrived += 1))}@1`);
    if (one.kind === "clock" && this.#up && !this.#deaf) history.wrongMs += one.minutes * 60_000;
    if (one.kind === "rules") {
      history.rules(one.text);
      // A broken file leaves the last good rules in force, which may be none.
      if (one.text !== BROKEN) this.#deaf = one.text === NO_RULES;
    }
    if (one.kind === "operator") await history.say(this.#operatorsTrigger());
    if (one.kind === "stop" || one.kind === "rules") await this.#down();
    if (one.kind === "die" && this.#up) {
      await history.dieOf(() => this.#advise());
      this.#up = false;
    }
    if ((one.kind === "start" || one.kind === "rules") && !this.#up) {
      await history.start();
      this.#up = true;
    }
    if (one.kind === "end") await this.#end(one.success);
    if (one.kind === "timeout") await this.#timeout();
    if (one.kind === "stale")
      for (const old of (await history.stored("Q_PROMOTIONS_DETECTED")).slice(-1)) await this.#repeat(old);
    await history.settled();
    await this.#take();
    history.pass();
    await this.#advise();
    await history.settled();
    await this.#take();
  }

  async #down(): Promise<void> {
    await this.history.stop();
    this.#up = false;
  }

  async #advise(): Promise<void> {
    for (const [directory, ids] of this.#waiting.entries()) {
      const facts = { promotions_path: `/promotions/${String(directory)}` };
      await this.history.say(promotions([...ids], { atMs: this.history.wallMs, facts }));
    }
  }

  /** Somebody's old news, under an id of its own. */
  async #repeat({ facts }: Envelope): Promise<void> {
    await this.history.say(
      promotions(facts["promotion_ids"] as readonly string[], { atMs: this.history.wallMs, facts }),
    );
  }

  #operatorsTrigger(): Envelope {
    const facts = { reason: "by hand", topic: null, promotion_count: 1, promotion_ids: this.waiting };
    return createRoot(DreamTrigger, facts, { source: "operator", nowMs: this.history.wallMs });
  }

  async #end(success: boolean): Promise<void> {
    const trigger = this.#open.shift();
    if (trigger === undefined) return;
    if (success) {
      for (const id of trigger.facts["promotion_ids"] as readonly string[]) {
        for (const ids of this.#waiting) ids.delete(id);
      }
    }
    for (const signal of cycleEnd(trigger, { atMs: this.history.wallMs, success }))
      await this.history.say(signal);
  }

  async #timeout(): Promise<void> {
    const trigger = this.#open.shift();
    if (trigger === undefined) return;
    const facts = { timeout_seconds: 1800, suggested_action: "look", request_id: trigger.id };
    await this.history.say(
      createRoot(DreamTimeout, facts, { source: "chemical-bus", nowMs: this.history.wallMs }),
    );
  }

  /** What was triggered since the last look; at most one of the engine's runs, and none twice within its cooldown. */
  async #take(): Promise<void> {
    const fresh = (await this.history.stored("Q_DREAM_TRIGGER")).filter(({ id }) => !this.#taken.has(id));
    for (const trigger of fresh) {
      this.#taken.add(trigger.id);
      this.#open.push(trigger);
      if (trigger.source !== "policy-engine") continue;
      for (const id of trigger.facts["promotion_ids"] as readonly string[]) {
        this.#began.set(id, [...(this.#began.get(id) ?? []), this.history.passedMs / 60_000]);
      }
    }
    const own = this.#open.filter(({ source }) => source === "policy-engine");
    const overdue = this.#began.size > 0 && own.length > 1;
    if (overdue) {
      const [first] = own;
      const ids = first?.facts["promotion_ids"] as readonly string[];
      const since = this.#began.get(ids[0] ?? "")?.at(-1) ?? 0;
      // The singleton's own limit.
      expect(this.history.passedMs / 60_000 - since).toBeGreaterThanOrEqual(60);
    }
  }

  async check(): Promise<void> {
    for (const minutes of this.#began.values()) {
      for (const [index, minute] of minutes.slice(1).entries()) {
        expect(minute - (minutes[index] ?? 0)).toBeGreaterThanOrEqual(15);
      }
    }
    const triggers = (await this.history.stored("Q_DREAM_TRIGGER")).filter(
      ({ source }) => source === "policy-engine",
    );
    const records = this.history.look(
      (decisions) => decisions.emitting("Q_DREAM_TRIGGER", { limit: 1000 }).records,
    );
    const told = records.filter(({ outcome }) => outcome === "fired");
    expect(told.map(({ triggerId }) => triggerId).toSorted()).toEqual(
      triggers.map(({ id }) => id).toSorted(),
    );
    for (const { id, cause, timestamp } of triggers) {
      const record = told.find(({ triggerId }) => triggerId === id);
      expect(record?.aboutId ?? record?.signalId).toBe(cause);
      expect(record?.atMs).toBe(Date.parse(timestamp));
    }
    // It wakes itself at its start and at no other time.
    expect((await this.history.stored("Q_POLICY_DUE")).length).toBeLessThan(100);
  }
}

test("whatever happens, the log tells of the triggers that were, of no others, and nothing waits for ever", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 25, maxLength: 40 }), async (steps) => {
      const world = new World();
      try {
        await world.history.start();
        for (const one of steps) await world.do(one);
        await world.do({ kind: "rules", text: DEFAULT_RULES_TEXT });
        for (let n = 0; n < 120 && world.waiting.length > 0; n += 1)
          await world.do({ kind: "end", success: true });
        expect(world.waiting).toEqual([]);
        await world.check();
      } finally {
        await world.history.end();
      }
    }),
    // An engine that dies takes half a second to be cut off; raise it to look for more.
    { numRuns: 2, endOnFailure: true },
  );
}, 60_000);
