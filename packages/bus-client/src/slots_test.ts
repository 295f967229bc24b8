import { describe, expect, test } from "bun:test";
import type { GrantedDelivery } from "@kloros/journal";
import type { Envelope } from "@kloros/signal-schema";
import fc from "fast-check";
import { Slots } from "./slots.ts";
import type { ConsumeOptions } from "./types.ts";
import { Work } from "./work.ts";

const base: ConsumeOptions = { name: "c", signals: [], start: { from: "now" } };

function work(seq: number): Work {
  const grant = { seq, token: `t${String(seq)}`, lane: "normal", leaseMs: 1000 } as GrantedDelivery;
  return new Work(grant, {} as Envelope, 0, () => Promise.resolve());
}

type Step = "receive" | "run" | "finish" | "settle" | "lose";

describe("credit", () => {
  test("starts at what the consumer can take", () => {
    const slots = new Slots({ ...base, concurrency: 3, prefetch: 4, urgentConcurrency: 2 });
    expect([slots.total("normal"), slots.total("urgent")]).toEqual([7, 6]);
  });

  test("never falls, never lets more be owed than there is room, and comes back when all is settled", () => {
    const steps = fc.array(fc.constantFrom<Step>("receive", "run", "finish", "settle", "lose"), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 4 }), fc.nat(4), (all, concurrency, prefetch) => {
        const slots = new Slots({ ...base, concurrency, prefetch });
        const capacity = concurrency + prefetch;
        const [running, settling]: [Work[], Work[]] = [[], []];
        let received = 0;
        let queued = 0;
        let total = slots.total("normal");
        for (const step of all) {
          if (step === "receive" && received < total) {
            slots.received("normal");
            slots.queue(work(++received));
            queued++;
          } else if (step === "run") {
            const next = slots.next("normal");
            if (next !== undefined) {
              next.phase = "running";
              running.push(next);
              queued--;
            }
          } else if (step === "finish") {
            const done = running.shift();
            if (done !== undefined) {
              slots.done(done);
              done.phase = "settling";
              slots.settling(done);
              settling.push(done);
            }
          } else if (step === "settle") {
            const settled = settling.shift();
            if (settled !== undefined) slots.settled(settled);
          } else if (step === "lose") {
            const lost = settling.shift();
            if (lost !== undefined) {
              slots.lost(lost);
              lost.phase = "lost";
              slots.settled(lost);
            }
          }
          expect(slots.total("normal")).toBeGreaterThanOrEqual(total);
          total = slots.total("normal");
          expect(running.length).toBeLessThanOrEqual(concurrency);
          expect(queued + running.length).toBeLessThanOrEqual(capacity);
          expect(queued + running.length + settling.length).toBeLessThanOrEqual(2 * capacity);
        }
        for (const one of settling) slots.settled(one);
        expect(slots.total("normal")).toBe(received + capacity - queued - running.length);
      }),
    );
  });

  test("of a consumer with state waits until its outcome is written", () => {
    const slots = new Slots({ ...base, stateKey: "" });
    slots.received("normal");
    const only = work(1);
    slots.queue(only);
    slots.next("normal");
    slots.done(only);
    only.phase = "settling";
    slots.settling(only);
    expect(slots.total("normal")).toBe(1);
    slots.settled(only);
    expect(slots.total("normal")).toBe(2);
  });
});

describe("a slot", () => {
  test("is kept by a lost delivery until its handler ends, and the same signal waits for that", () => {
    const slots = new Slots({ ...base, concurrency: 2 });
    const [first, again, other] = [work(1), work(1), work(2)];
    slots.queue(first);
    slots.next("normal");
    first.phase = "running";
    slots.lost(first);
    first.phase = "lost";
    slots.queue(again);
    slots.queue(other);
    expect(slots.next("normal")).toBe(other);
    expect(slots.next("normal")).toBeUndefined();
    slots.done(first);
    expect(slots.next("normal")).toBe(again);
  });
});

describe("options", () => {
  test.each([
    ["no slots", { concurrency: 0 }],
    ["half a slot", { concurrency: 1.5 }],
    ["too much prefetch", { prefetch: 1_000_000 }],
    ["two at once with state", { stateKey: "", concurrency: 2 }],
    ["prefetch with state", { stateKey: "", prefetch: 1 }],
  ])("with %s are refused", (_what, options) => {
    expect(() => new Slots({ ...base, ...options })).toThrow(/consumer c/);
  });
});
