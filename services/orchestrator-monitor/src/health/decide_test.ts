import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { NOTHING_KNOWN, type AlertFacts, type Reading } from "./alert.ts";
import { decideAlerts, STANDING_MAX, type Decision, type Rules } from "./decide.ts";

const RULES: Rules = { nowMs: 0, looks: 1, clearMargin: 0.05, quietMs: 600_000 };
const MINUTE_MS = 60_000;

function reading(value: number, more: Partial<Reading> = {}): Reading {
  return {
    key: "disk",
    type: "disk_full",
    value,
    unit: "%",
    levels: [
      { severity: "warning", above: 80 },
      { severity: "critical", above: 90 },
    ],
    step: 5,
    message: "so much",
    advice: "du",
    ...more,
  };
}

/** One look a minute. */
function watch(looks: readonly (readonly Reading[])[], rules: Partial<Rules> = {}): Decision {
  let decision: Decision = { memory: NOTHING_KNOWN, streaks: {} };
  looks.forEach((readings, n) => {
    decision = decideAlerts(readings, decision, { ...RULES, nowMs: n * MINUTE_MS, ...rules });
  });
  return decision;
}

function told(values: readonly number[], rules: Partial<Rules> = {}): readonly AlertFacts[] {
  return watch(
    values.map((value) => [reading(value)]),
    rules,
  ).memory.due.map(({ facts }) => facts);
}

const story = (alerts: readonly AlertFacts[]): readonly string[] =>
  alerts.map(({ state, severity, metric_value }) => `${state} ${severity} ${metric_value}`);

describe("an alert", () => {
  test("is told when it is raised, when its severity changes and when it is over, and never in between", () => {
    expect(story(told([10, 80, 81, 82, 83, 95, 95, 87, 84, 81, 79, 77, 76, 75, 10]))).toEqual([
      "raised warning 81",
      "changed critical 95",
      "changed warning 84",
      "cleared info 76",
    ]);
  });

  test("says what was seen, what it is held against, and what to do", () => {
    expect(told([95])).toEqual([
      {
        alert_type: "disk_full",
        severity: "critical",
        metric_value: 95,
        threshold: 90,
        recommended_action: "du",
        key: "disk",
        state: "raised",
        details: { unit: "%", message: "so much" },
      },
    ]);
  });

  test("tells a move within its severity after the quiet time, and only a large one", () => {
    const climbing = Array.from({ length: 30 }, (_, n) => 100 + n);
    expect(story(told(climbing))).toEqual([
      "raised critical 100",
      "changed critical 110",
      "changed critical 120",
    ]);
    expect(story(told([100, 104, ...Array.from({ length: 30 }, () => 104)]))).toEqual([
      "raised critical 100",
    ]);
    const still = watch(climbing.map((value) => [reading(value, { step: Infinity })]));
    expect(still.memory.due).toHaveLength(1);
  });

  test("waits until it has lasted for so many looks, in both directions", () => {
    expect(story(told([81, 10, 81, 10, 81], { looks: 2 }))).toEqual([]);
    expect(story(told([81, 82, 10, 81, 10, 10, 10], { looks: 2 }))).toEqual([
      "raised warning 82",
      "cleared info 10",
    ]);
  });

  test("is over when what it was about is gone, and stays when nothing can be said", () => {
    const gone = watch([[reading(95)], [reading(Number.NaN)], []]);
    expect(story(gone.memory.due.map(({ facts }) => facts))).toEqual([
      "raised critical 95",
      "cleared info null",
    ]);
    expect(gone.memory.standing).toEqual({});
  });

  test("is not over because what it is about is away for a moment", () => {
    const away = watch([[reading(95)], [reading(95)], [], [reading(95)], [], []], { looks: 2 });
    expect(story(away.memory.due.map(({ facts }) => facts))).toEqual([
      "raised critical 95",
      "cleared info null",
    ]);
  });

  test("that is no measure tells no value", () => {
    const [raised, over] = watch([[reading(95, { unit: null })], []]).memory.due;
    expect(raised?.facts).toMatchObject({
      metric_value: null,
      threshold: null,
      details: { message: "so much" },
    });
    expect(over?.facts).toMatchObject({ metric_value: null, threshold: null, state: "cleared" });
  });

  test("keeps what is standing bounded", () => {
    const many = Array.from({ length: STANDING_MAX + 10 }, (_, n) => reading(95, { key: `disk:${n}` }));
    expect(Object.keys(watch([many]).memory.standing)).toHaveLength(STANDING_MAX);
  });

  test("costs no new memory while nothing is to be told", () => {
    const before = watch([[reading(95)]]);
    expect(decideAlerts([reading(96)], before, RULES).memory).toBe(before.memory);
  });
});

describe("whatever the values", () => {
  const values = fc.array(fc.double({ min: 0, max: 120, noNaN: true }), { maxLength: 60 });
  const rules = fc.record({
    looks: fc.integer({ min: 1, max: 4 }),
    clearMargin: fc.double({ min: 0.01, max: 0.3, noNaN: true }),
  });

  test("a value that jitters around a threshold makes at most one pair of raise and clear", () => {
    const jitter = fc.record({
      amplitude: fc.double({ min: 0, max: 0.79, noNaN: true }),
      noise: fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { maxLength: 100 }),
    });
    fc.assert(
      fc.property(jitter, rules, ({ amplitude, noise }, some) => {
        // Within the margin on either side of 80, then at rest.
        const around = noise.map((x) => 80 + x * amplitude * some.clearMargin * 80 * 0.9);
        const alerts = told([...around, 0, 0, 0, 0], { ...some, nowMs: 0 });
        expect(alerts.filter(({ severity }) => severity === "warning").length).toBeLessThanOrEqual(1);
        expect(alerts.filter(({ state }) => state === "cleared").length).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("a history that never crosses its threshold tells nothing", () => {
    const healthy = fc.array(fc.double({ min: 0, max: 80, noNaN: true }), { maxLength: 60 });
    fc.assert(fc.property(healthy, rules, (some, given) => expect(told(some, given)).toEqual([])));
  });

  test("raised and cleared take turns, no severity is told twice in a row without a large move, and all is over at rest", () => {
    fc.assert(
      fc.property(values, rules, (some, given) => {
        const alerts = told([...some, 0, 0, 0, 0], given);
        let standing: AlertFacts | undefined;
        for (const alert of alerts) {
          if (alert.state === "raised") expect(standing).toBeUndefined();
          else expect(standing).toBeDefined();
          if (alert.state === "changed" && alert.severity === standing?.severity) {
            expect(Math.abs((alert.metric_value ?? 0) - (standing.metric_value ?? 0))).toBeGreaterThan(4.9);
          }
          standing = alert.state === "cleared" ? undefined : alert;
        }
        expect(standing).toBeUndefined();
      }),
    );
  });
});
