import { describe, expect, test } from "bun:test";
import { judgePhase } from "./criteria.ts";
import type { Measured } from "./measured.ts";
import type { MigrationState } from "./migration_state.ts";
import type { Position } from "./phases.ts";
import { objections, windowOf } from "./readiness.ts";

const GOOD: Measured = {
  services: [
    { name: "chemical-bus", role: "act", active: "active", mode: "act", notReady: "", restarts: 0 },
    { name: "intent-router", role: "observe", active: "active", mode: "observe", notReady: "", restarts: 0 },
    { name: "policy-engine", role: "waits", active: "inactive", mode: null, notReady: "", restarts: 0 },
  ],
  errors: { known: { count: 0, sample: "" } },
  deadLetters: { known: 0 },
  audit: { known: 0 },
  translated: { known: { signals: 12, wouldReject: 0 } },
  waiting: { count: 2, oldestMs: 30_000 },
  latency: { known: { count: 40, p50Ms: 2, p99Ms: 9 } },
  integrated: { known: { ours: 3, failed: 1, twice: 0 } },
  rate: { known: { since: 3, before: 4 } },
  advisories: { known: 0 },
  critical: { known: [] },
  dream: { known: { triggers: 1, overdue: 0, timeouts: 0 } },
  cpuPercent: { known: 1.25 },
};

const unmet = (position: Position, changed: Partial<Measured>, divided = false): readonly string[] =>
  judgePhase(position, divided, { ...GOOD, ...changed })
    .filter(({ met }) => met === false)
    .map(({ name, value }) => `${name}: ${value}`);

const POSITIONS = [0, 1, 2, 3, 4] as const;

describe("the criteria of a phase", () => {
  test.each(POSITIONS)("%d are met when all is well, whether the old side is divided or not", (position) => {
    expect(unmet(position, {})).toEqual([]);
    expect(unmet(position, {}, true)).toEqual([]);
  });

  const wrong: readonly (readonly [string, Partial<Measured>, readonly Position[]])[] = [
    ["no errors in the logs", { errors: { known: { count: 2, sample: "broken" } } }, [0, 1, 2, 3, 4]],
    ["no dead letters", { deadLetters: { known: 1 } }, [1, 2, 3, 4]],
    ["everything adds up", { audit: { known: 1 } }, [0, 1, 2, 3, 4]],
    ["intents are translated", { translated: { known: { signals: 0, wouldReject: 0 } } }, [1, 2, 3]],
    ["intents are translated", { translated: { known: { signals: 5, wouldReject: 1 } } }, [1, 2, 3]],
    ["both sides agree", { waiting: { count: 1, oldestMs: 600_001 } }, [1, 2, 3]],
    ["intents are signals within a second", { latency: { known: { count: 9, p50Ms: 3, p99Ms: 1000 } } }, [4]],
    ["intents are signals within a second", { latency: { known: { count: 0, p50Ms: 0, p99Ms: 0 } } }, [4]],
    ["no module is integrated twice", { integrated: { known: { ours: 3, failed: 0, twice: 1 } } }, [4]],
    ["no critical alert", { critical: { known: ["disk full"] } }, [3]],
    ["no D-REAM cycle is missed", { dream: { known: { triggers: 1, overdue: 1, timeouts: 0 } } }, [4]],
    ["no D-REAM cycle is missed", { dream: { known: { triggers: 1, overdue: 0, timeouts: 1 } } }, [4]],
    ["everything adds up", { audit: { unknown: "cannot be read" } }, [0, 1, 2, 3, 4]],
  ];
  test.each(wrong)("%s: with %p unmet in %p", (name, changed, positions) => {
    for (const position of POSITIONS) {
      const expected = positions.includes(position) ? [expect.stringContaining(name)] : [];
      expect(unmet(position, changed)).toEqual(expected);
    }
  });

  test("where ours acts from phase 2 on, its latency counts instead of what it would do", () => {
    const slow = { latency: { known: { count: 9, p50Ms: 3, p99Ms: 5000 } } };
    expect(unmet(2, slow, true)).toEqual([expect.stringContaining("within a second")]);
    expect(unmet(2, { waiting: { count: 1, oldestMs: 700_000 } }, true)).toEqual([]);
  });

  const services: readonly (readonly [string, Partial<Measured["services"][number]>, string])[] = [
    ["does not run", { active: "failed" }, "intent-router is failed"],
    ["does not answer", { mode: null }, "intent-router does not answer"],
    ["acts before its turn", { mode: "act" }, "intent-router is in act mode instead of observe"],
    ["cannot work", { notReady: "bus: away" }, "intent-router cannot work: bus: away"],
    ["was started again", { restarts: 2 }, "intent-router 2 times"],
  ];
  test.each(services)("a service that %s is named", (_, changed, text) => {
    const looks = GOOD.services.map((one) => (one.name === "intent-router" ? { ...one, ...changed } : one));
    expect(unmet(1, { services: looks })).toEqual([expect.stringContaining(text)]);
  });

  test("a service whose turn has not come must not run", () => {
    const looks = GOOD.services.map((one) => ({ ...one, active: "active" }));
    expect(unmet(1, { services: looks })).toEqual([expect.stringContaining("policy-engine runs")]);
  });
});

describe("the window of a phase", () => {
  const SINCE = "2026-01-01T00:00:00.000Z";
  const state = (position: Position): MigrationState => ({
    version: 1,
    position,
    since: SINCE,
    divided: false,
    backup: "",
    pending: null,
    history: [],
  });
  const hours = (count: number): number => Date.parse(SINCE) + count * 3_600_000;

  test.each([
    [0, 0],
    [1, 24],
    [2, 48],
    [3, 24],
    [4, 48],
    [5, 0],
  ] as const)("of phase %d is %d hours", (position, length) => {
    expect(windowOf(state(position), hours(length)).leftMs).toBe(0);
    if (length > 0) expect(windowOf(state(position), hours(length) - 1).leftMs).toBe(1);
  });

  test("that has not passed stands against going on, and says until when", () => {
    const early = objections(windowOf(state(2), hours(1)), []);
    expect(early).toEqual(["its window ends in 47 h, at 2026-01-03 00:00:00.000 UTC"]);
    expect(objections(windowOf(state(2), hours(48)), [])).toEqual([]);
  });
});
