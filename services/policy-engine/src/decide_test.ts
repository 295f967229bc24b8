import { describe, expect, test } from "bun:test";
import {
  createRoot,
  DreamTimeout,
  PhaseWindowOpen,
  PolicyDue,
  validateEnvelope,
} from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import { builtInRules } from "./rules/rule_set.ts";
import { BEGAN, cycleEnd, MINUTE, openRuleBench, promotions, rulesOf } from "./testing/rule_bench.ts";
import type { RuleBench } from "./testing/rule_bench.ts";

const defaults = (): RuleBench => openRuleBench(builtInRules());

function first(emitted: readonly Envelope[]): Envelope {
  const [trigger] = emitted;
  if (trigger === undefined) throw new Error("nothing was emitted");
  return trigger;
}

function advise(bench: RuleBench, ...ids: string[]): readonly Envelope[] {
  return bench.see(promotions(ids, { atMs: bench.wallMs }));
}

function end(bench: RuleBench, trigger: Envelope, success = true): readonly Envelope[] {
  return cycleEnd(trigger, { atMs: bench.wallMs, success }).flatMap((signal) => bench.see(signal));
}

describe("the default rules", () => {
  test("start one cycle for a promotion that stays for an hour while the cycle runs", () => {
    const bench = defaults();
    for (let minute = 0; minute < 59; minute += 1) {
      advise(bench, "a@1");
      bench.wait(MINUTE);
    }
    expect(bench.emitted).toHaveLength(1);
    expect(validateEnvelope(first(bench.emitted)).ok).toBe(true);
    expect(bench.records.map(({ outcome }) => outcome)).toEqual([
      "fired",
      ...Array.from({ length: 58 }, () => "held" as const),
    ]);
    expect(bench.last()).toMatchObject({ control: "singleton", eligibleAtMs: BEGAN + 60 * MINUTE });
  });

  test("start a cycle again after the cooldown when it failed, counted from its start", () => {
    const bench = defaults();
    const trigger = first(advise(bench, "a@1"));
    bench.wait(5 * MINUTE);
    end(bench, trigger, false);
    expect(advise(bench, "a@1")).toEqual([]);
    expect(bench.last()).toMatchObject({ control: "cooldown", eligibleAtMs: BEGAN + 15 * MINUTE });
    bench.wait(10 * MINUTE - 1);
    expect(advise(bench, "a@1")).toEqual([]);
    bench.wait(1);
    expect(advise(bench, "a@1")).toHaveLength(1);
  });

  test("give what arrived in the middle of a cycle one of its own right after it", () => {
    const bench = defaults();
    const trigger = first(advise(bench, "a@1"));
    bench.wait(MINUTE);
    expect(advise(bench, "a@1", "b@1")).toEqual([]);
    bench.wait(MINUTE / 2);
    const next = end(bench, trigger);
    expect(next.map(({ facts }) => facts["promotion_ids"])).toEqual([["b@1"]]);
    expect(first(next).facts["promotion_count"]).toBe(1);
    expect(bench.records.slice(-2).map(({ outcome }) => outcome)).toEqual(["released", "fired"]);
    expect(bench.last().aboutSignal).toBe("Q_PROMOTIONS_DETECTED");
  });

  test("start nothing on a belated advisory about a promotion that a long cycle has dealt with", () => {
    const bench = defaults();
    const trigger = first(advise(bench, "a@1"));
    bench.wait(20 * MINUTE);
    advise(bench, "a@1");
    expect(end(bench, trigger)).toEqual([]);
    bench.wait(14 * MINUTE);
    expect(advise(bench, "a@1")).toEqual([]);
    expect(bench.last().control).toBe("cooldown");
  });

  test("let the subjects of a long failed cycle settle before they are tried again", () => {
    const bench = defaults();
    const trigger = first(advise(bench, "a@1"));
    bench.wait(20 * MINUTE);
    advise(bench, "a@1");
    expect(end(bench, trigger, false)).toEqual([]);
    bench.wait(MINUTE);
    expect(advise(bench, "a@1")).toHaveLength(1);
  });

  test("take a timeout of the trigger for its end", () => {
    const bench = defaults();
    const trigger = first(advise(bench, "a@1"));
    bench.wait(30 * MINUTE);
    const facts = { timeout_seconds: 1800, suggested_action: "look", request_id: trigger.id };
    bench.see(createRoot(DreamTimeout, facts, { source: "chemical-bus", nowMs: bench.wallMs }));
    bench.wait(MINUTE);
    expect(advise(bench, "a@1")).toHaveLength(1);
  });

  test("do not take the end of somebody else's cycle for their own", () => {
    const bench = defaults();
    advise(bench, "a@1");
    const other = defaults();
    end(bench, first(advise(other, "x@1")));
    expect(advise(bench, "b@1")).toEqual([]);
    expect(bench.last().control).toBe("singleton");
  });

  test("go on after the limit when a cycle never ends", () => {
    const bench = defaults();
    advise(bench, "a@1");
    bench.wait(60 * MINUTE);
    expect(advise(bench, "a@1")).toHaveLength(1);
    expect(bench.records.map(({ outcome }) => outcome)).toEqual(["fired", "released", "fired"]);
  });

  test("do not keep a held advisory whose condition is over", () => {
    const bench = defaults();
    const trigger = first(advise(bench, "a@1"));
    advise(bench, "a@1", "b@1");
    advise(bench);
    expect(bench.last().outcome).toBe("condition_false");
    expect(end(bench, trigger)).toEqual([]);
  });

  test("take a sender that names no promotions by its directory", () => {
    const bench = defaults();
    const signal = promotions([], { atMs: BEGAN, facts: { unacknowledged_count: 2 } });
    const { promotion_ids: _, ...facts } = signal.facts;
    const trigger = first(bench.see({ ...signal, facts }));
    expect(Object.keys(trigger.facts).toSorted()).toEqual([
      "oldest_promotion_age_hours",
      "promotion_count",
      "reason",
      "rule",
      "topic",
    ]);
    expect(bench.see(promotions([], { atMs: BEGAN, facts }))).toEqual([]);
  });

  test("hold back the thirteenth cycle of an hour", () => {
    const bench = defaults();
    for (let n = 0; n < 12; n += 1) {
      end(bench, first(advise(bench, `p${String(n)}@1`)));
      bench.wait(MINUTE);
    }
    expect(advise(bench, "late@1")).toEqual([]);
    expect(bench.last()).toMatchObject({ control: "rateLimit", eligibleAtMs: BEGAN + 60 * MINUTE });
    bench.wait(48 * MINUTE);
    expect(advise(bench, "late@1")).toHaveLength(1);
  });

  test("tell which part of a condition failed, and on which values", () => {
    const bench = defaults();
    advise(bench);
    expect(bench.last()).toMatchObject({
      outcome: "condition_false",
      parts: [
        {
          text: "facts.unacknowledged_count > 0",
          value: false,
          reads: { "facts.unacknowledged_count": "0" },
        },
      ],
    });
  });

  test.each([
    [{ phase_done_today: false }, "fired"],
    [{ phase_done_today: true }, "condition_false"],
    [{}, "condition_false"],
  ] as const)("open a PHASE window on %p only when none ran today: %s", (facts, outcome) => {
    const { text } = builtInRules();
    const bench = openRuleBench(rulesOf(text.replace("enabled: false", "enabled: true")));
    bench.see(createRoot(PhaseWindowOpen, facts, { source: "orchestrator-monitor", nowMs: BEGAN }));
    expect(bench.last().outcome).toBe(outcome);
  });

  test("leave PHASE alone, and say so", () => {
    const bench = defaults();
    const facts = { phase_done_today: false };
    bench.see(createRoot(PhaseWindowOpen, facts, { source: "orchestrator-monitor", nowMs: BEGAN }));
    expect(bench.last()).toMatchObject({ outcome: "disabled", rule: "open-phase-window" });
  });
});

const rule = (control: string, more = ""): string => `
version: 1
rules:
  - name: one
    on: [Q_PROMOTIONS_DETECTED]
    when: facts.unacknowledged_count > 0
    ${more}
    emit:
      signal: Q_DREAM_TRIGGER
      facts: { reason: test, topic: null, promotion_count: 1 }
    control: ${control}
`;

describe("controls", () => {
  test("debounce fires once, when no further signal came", () => {
    const bench = openRuleBench(rulesOf(rule("{ debounce: 30s }")));
    const due = () =>
      bench.see(createRoot(PolicyDue, { rule: "one" }, { source: "policy-engine", nowMs: bench.wallMs }));
    advise(bench, "a@1");
    bench.wait(20_000);
    advise(bench, "a@1", "b@1");
    bench.wait(20_000);
    expect(due()).toEqual([]);
    bench.wait(10_000);
    expect(due()).toHaveLength(1);
    expect(due()).toEqual([]);
    advise(bench, "a@1");
    advise(bench);
    bench.wait(MINUTE);
    expect(due()).toEqual([]);
  });

  test("a debounce that was over while the engine was down fires at its start", () => {
    const bench = openRuleBench(rulesOf(rule("{ debounce: 30s }")));
    advise(bench, "a@1");
    bench.wait(5 * MINUTE);
    bench.reboot();
    expect(
      bench.see(createRoot(PolicyDue, { rule: "*" }, { source: "policy-engine", nowMs: bench.wallMs })),
    ).toHaveLength(1);
  });

  test("quiet hours hold back until their end", () => {
    const bench = openRuleBench(rulesOf(rule('{ quietHours: { from: "22:00", to: "06:00" } }')));
    bench.wallMs = Date.UTC(2025, 10, 14, 23, 30);
    expect(advise(bench, "a@1")).toEqual([]);
    expect(bench.last()).toMatchObject({
      control: "quietHours",
      eligibleAtMs: Date.UTC(2025, 10, 15, 6, 0),
    });
    bench.wallMs = Date.UTC(2025, 10, 15, 6, 0);
    expect(advise(bench, "a@1")).toHaveLength(1);
  });

  test("a paused rule fires nothing until it is let", () => {
    const bench = openRuleBench(rulesOf(rule("{}")));
    bench.pauses.set("one", { text: "paused by olaf", untilMs: undefined });
    expect(advise(bench, "a@1")).toEqual([]);
    expect(bench.last()).toMatchObject({ control: "paused", reason: "the rule is paused by olaf" });
    expect(bench.last().eligibleAtMs).toBeUndefined();
    bench.pauses.clear();
    expect(advise(bench, "a@1")).toHaveLength(1);
  });

  test("a cooldown without subjects counts for the rule as a whole", () => {
    const bench = openRuleBench(rulesOf(rule("{ cooldown: 10m }")));
    expect(advise(bench, "a@1")).toHaveLength(1);
    expect(advise(bench, "b@1")).toEqual([]);
    bench.wait(10 * MINUTE);
    expect(advise(bench, "b@1")).toHaveLength(1);
  });

  test("a condition that meets a missing fact is not met, with its reason", () => {
    const bench = openRuleBench(
      rulesOf(rule("{}").replace("facts.unacknowledged_count > 0", "facts.newest_promotion_age_hours < 1.0")),
    );
    advise(bench, "a@1");
    expect(bench.last()).toMatchObject({
      outcome: "condition_error",
      parts: [{ reads: { "facts.newest_promotion_age_hours": "(missing)" } }],
    });
  });

  test("facts that do not fit the trigger are told, and nothing cools down", () => {
    const bench = openRuleBench(
      rulesOf(
        rule("{ cooldown: 1h }").replace(
          "promotion_count: 1",
          'promotion_count: "${facts.promotion_count - 2}"',
        ),
      ),
    );
    advise(bench, "a@1");
    expect(bench.last().outcome).toBe("emit_error");
    expect(advise(bench, "a@1", "b@1")).toHaveLength(1);
  });
});

describe("steps of the wall clock", () => {
  test.each([-24 * 60, 24 * 60])(
    "a step of %p minutes neither shortens nor lengthens a cooldown",
    (minutes) => {
      const bench = openRuleBench(rulesOf(rule("{ cooldown: 10m }")));
      advise(bench, "a@1");
      bench.wallMs += minutes * MINUTE;
      bench.wait(9 * MINUTE);
      expect(advise(bench, "a@1")).toEqual([]);
      expect(bench.last().eligibleAtMs).toBe(bench.wallMs + MINUTE);
      bench.wait(MINUTE);
      expect(advise(bench, "a@1")).toHaveLength(1);
    },
  );

  test("a step forward before a boot does not end a cooldown", () => {
    const bench = openRuleBench(rulesOf(rule("{ cooldown: 10m }")));
    advise(bench, "a@1");
    bench.wallMs += 1000 * MINUTE;
    advise(bench, "a@1");
    bench.wait(MINUTE);
    bench.reboot();
    expect(advise(bench, "a@1")).toEqual([]);
  });

  test("a step soon after a boot does not end a cooldown", () => {
    const bench = openRuleBench(rulesOf(rule("{ cooldown: 10m }")));
    advise(bench, "a@1");
    bench.wait(MINUTE);
    bench.reboot();
    advise(bench, "a@1");
    bench.wallMs += 1000 * MINUTE;
    expect(advise(bench, "a@1")).toEqual([]);
  });

  test("a clock that is behind after a boot freezes nothing for long", () => {
    const bench = openRuleBench(rulesOf(rule("{ cooldown: 10m }")));
    advise(bench, "a@1");
    bench.wallMs -= 1000 * MINUTE;
    bench.reboot();
    expect(advise(bench, "a@1")).toEqual([]);
    expect(bench.last().eligibleAtMs).toBe(bench.wallMs + 10 * MINUTE);
  });
});

describe("a signal that names thousands", () => {
  test("starts one cycle for all, and is remembered and recorded within bounds", () => {
    const bench = defaults();
    const ids = Array.from({ length: 4000 }, (_, n) => `promotion-${String(n)}@0123456789ab`);
    expect(first(advise(bench, ...ids)).facts["promotion_ids"]).toEqual(ids);
    expect(bench.stored?.length).toBeLessThan(250_000);
    expect(JSON.stringify(bench.last()).length).toBeLessThan(20_000);
  });

  test("is no dead letter when its trigger would be too large", () => {
    const bench = defaults();
    expect(
      advise(bench, ...Array.from({ length: 4000 }, (_, n) => `${"x".repeat(100)}${String(n)}`)),
    ).toEqual([]);
    expect(bench.last()).toMatchObject({ outcome: "emit_error", reason: expect.stringContaining("bytes") });
  });
});

describe("a redelivery", () => {
  test("decides the same and emits the same id", () => {
    const bench = defaults();
    const signal = promotions(["a@1"], { atMs: BEGAN });
    const lost = first(bench.see(signal, { crash: true }));
    bench.wait(10_000);
    expect(first(bench.see(signal)).id).toBe(lost.id);
  });
});
