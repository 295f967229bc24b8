import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { advisoryFacts, judge, NOTHING_REMEMBERED, settled, takeIn, waitingOf } from "./decide.ts";
import type { CycleEvent, PromotionMemory } from "./decide.ts";
import type { DirectoryLook, Promotion } from "./promotion.ts";

const NOW = Date.UTC(2026, 10, 23);
const promotion = (stem: string, writtenMs = NOW): Promotion => ({
  id: `${stem}@0`,
  file: `${stem}.json`,
  stem,
  sha256: "0",
  ownId: undefined,
  writtenMs,
});
const look = (...promotions: readonly Promotion[]): DirectoryLook => ({
  place: { path: "/p", acks: "/p/acknowledged" },
  failed: undefined,
  promotions,
  acknowledged: new Set(),
  broken: [],
  parked: [],
  againInMs: undefined,
});
let signals = 0;
const event = (cycle: string, change: Partial<CycleEvent> = {}): CycleEvent => ({
  signalId: `signal-${String((signals += 1))}`,
  kind: "ended",
  cycle,
  success: false,
  runTag: null,
  atMs: NOW,
  promotionIds: ["a@0"],
  ...change,
});
const after = (...events: readonly CycleEvent[]): PromotionMemory =>
  events.reduce(takeIn, NOTHING_REMEMBERED);

describe("takeIn()", () => {
  test("counts a cycle once, however many signals tell of its failure", () => {
    const memory = after(event("c1"), event("c1"), event("c2"));
    expect(memory.failures["a@0"]?.map(({ cycle }) => cycle)).toEqual(["c1", "c2"]);
    expect(memory.cycles).toHaveLength(2);
  });

  test("lets a completion correct a timeout, and no timeout a completion", () => {
    const success = event("c1", { success: true });
    expect(after(event("c1"), success).failures).toEqual({});
    expect(after(success, event("c1")).failures).toEqual({});
    expect(after(success, event("c1")).cycles).toMatchObject([{ success: true }]);
  });

  test("changes nothing when any of the signals come again", () => {
    const ids = fc.constantFrom("a@0", "b@0", "c@0");
    const some = fc.record({
      kind: fc.constantFrom("ended" as const, "deployed" as const),
      cycle: fc.constantFrom("c1", "c2", "c3", "c4"),
      success: fc.boolean(),
      promotionIds: fc.uniqueArray(ids),
    });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 12 }), (told, again) => {
        const events = told.map((change) => event(change.cycle, change));
        const memory = after(...events);
        const repeated = again.flatMap((n) => events[n % Math.max(1, events.length)] ?? []);
        expect(repeated.reduce(takeIn, memory)).toBe(memory);
      }),
    );
  });

  test("keeps what it remembers within bounds", () => {
    let memory = NOTHING_REMEMBERED;
    for (let n = 0; n < 600; n += 1) {
      memory = takeIn(memory, event(`c${n}`, { promotionIds: [`p${n}@0`] }));
    }
    expect([memory.handled.length, memory.cycles.length]).toEqual([512, 64]);
    const many = Array.from({ length: 20_000 }, (_, n) => `q${n}@0`);
    expect(Object.keys(takeIn(memory, event("last", { promotionIds: many })).failures)).toHaveLength(10_000);
  });
});

describe("a promotion", () => {
  test("is acknowledged after a deployment of a successful cycle only", () => {
    const deployed = event("c1", { kind: "deployed", success: true });
    expect(judge(promotion("a"), after(deployed), 3)).toMatchObject({
      kind: "acknowledge",
      due: { cycle: "c1" },
    });
    expect(judge(promotion("b"), after(deployed), 3)).toEqual({ kind: "waits" });
    expect(judge(promotion("a"), after({ ...deployed, success: false }), 3)).toEqual({ kind: "waits" });
  });

  test("is parked after so many failed cycles, and then has all its chances again", () => {
    const memory = after(event("c1"), event("c2"), event("c3"));
    expect(judge(promotion("a"), memory, 3).kind).toBe("park");
    expect(waitingOf(look(promotion("a")), memory, 3)).toEqual([]);
    expect(judge(promotion("a"), settled(memory, new Set(["a@0"]), 3), 3).kind).toBe("park");
    expect(judge(promotion("a"), settled(memory, new Set(), 3), 3).kind).toBe("waits");
  });

  test("that fewer cycles failed with keeps its count when others are settled", () => {
    const memory = after(event("c1"), event("c2"));
    expect(settled(memory, new Set(), 3)).toBe(memory);
  });
});

test("advisoryFacts() gives ages in hours that are never negative, oldest first", () => {
  const found = look(promotion("new", NOW + 5_000), promotion("old", NOW - 5_400_000));
  const waiting = waitingOf(found, NOTHING_REMEMBERED, 3);
  const facts = advisoryFacts(found, waiting, { nowMs: NOW, lastDreamMs: NOW - 1000 });
  expect(facts).toEqual({
    promotion_count: 2,
    unacknowledged_count: 2,
    oldest_promotion_age_hours: 1.5,
    newest_promotion_age_hours: 0,
    last_dream_time: "2026-11-22T23:59:59.000Z",
    promotions_path: "/p",
    promotion_files: ["old.json", "new.json"],
    promotion_ids: ["old@0", "new@0"],
  });
});
