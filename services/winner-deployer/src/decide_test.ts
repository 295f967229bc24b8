import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { checkValue, DEFAULT_ALLOWED, isNeverAllowed } from "./allow_list.ts";
import type { AllowedKey } from "./allow_list.ts";
import { judge } from "./decide.ts";
import type { Candidate, Rules, Situation, Verdict } from "./decide.ts";
import { DEFAULT_GUARDRAILS } from "./guardrails.ts";
import { WINNER } from "./testing/workbench.ts";

const RULES: Rules = {
  guardrails: DEFAULT_GUARDRAILS,
  allow: DEFAULT_ALLOWED,
  autonomyLevel: 2,
  neededAutonomyLevel: 2,
};

function verdictOn(winner: Partial<Candidate>, situation: Partial<Situation> = {}): Verdict {
  return judge({
    winner: { ...WINNER, ...winner },
    standing: undefined,
    foreign: false,
    mapping: undefined,
    rules: RULES,
    ...situation,
  });
}

const standing = (state: NonNullable<Situation["standing"]>["state"]): Partial<Situation> => ({
  standing: { state, reason: "because" },
});
const level = (autonomyLevel: number): Partial<Situation> => ({ rules: { ...RULES, autonomyLevel } });
const mapping = (from: string, to: string): Partial<Situation> => ({ mapping: new Map([[from, to]]) });

describe("a winner", () => {
  const deploys: readonly [
    name: string,
    Partial<Candidate>,
    Partial<Situation>,
    key: string,
    text: string,
  ][] = [
    ["that nothing stands against is deployed", {}, {}, "KLR_TTS_SPEED", "1.5"],
    ["without the guarded metrics is deployed", { metrics: {} }, {}, "KLR_TTS_SPEED", "1.5"],
    ["at its guardrail is deployed", { metrics: { hallucination_rate: 0.2 } }, {}, "KLR_TTS_SPEED", "1.5"],
    ["that was replaced is deployed again", {}, standing("replaced"), "KLR_TTS_SPEED", "1.5"],
    ["that was held is deployed once it may", {}, standing("held"), "KLR_TTS_SPEED", "1.5"],
    ["that failed is tried again", {}, standing("failed"), "KLR_TTS_SPEED", "1.5"],
    ["that was blocked is judged again", {}, standing("blocked"), "KLR_TTS_SPEED", "1.5"],
    [
      "follows its experiment's mapping",
      { params: { x: 1 } },
      mapping("x", "KLR_RAG_TOP_K"),
      "KLR_RAG_TOP_K",
      "1",
    ],
    ["that is approved needs no autonomy", {}, { ...level(0), approved: true }, "KLR_TTS_SPEED", "1.5"],
    [
      "that is approved may have been rejected",
      {},
      { ...standing("rejected"), approved: true },
      "KLR_TTS_SPEED",
      "1.5",
    ],
  ];
  test.each(deploys)("%s", (_, winner, situation, key, text) => {
    expect(verdictOn(winner, situation)).toEqual({ kind: "deploy", values: [{ key, text }] });
  });

  const others: readonly [string, Partial<Candidate>, Partial<Situation>, Verdict["kind"], reason: string][] =
    [
      ["of a broken run is blocked", { fitness: -1e18 }, {}, "block", "nothing was evaluated"],
      ["with no fitness is blocked", { fitness: Number.NaN }, {}, "block", "nothing was evaluated"],
      ["without metrics is blocked", { metrics: null }, {}, "block", "no metrics"],
      ["without parameters is blocked", { params: {} }, {}, "block", "no parameters"],
      [
        "that is huge is blocked",
        { params: { speed: "x".repeat(20_000) } },
        {},
        "block",
        "characters, at most",
      ],
      ["that was deployed is skipped", {}, standing("deployed"), "skip", "deployed before"],
      ["that was rejected is skipped", {}, standing("rejected"), "skip", "rejected before: because"],
      ["that was taken back is skipped", {}, standing("rolled_back"), "skip", "approve it"],
      ["another tool deployed is skipped", {}, { foreign: true }, "skip", "by another tool"],
      [
        "above a guardrail is blocked",
        { metrics: { response_latency_ms: 5001 } },
        {},
        "block",
        "is above 5000",
      ],
      ["below a guardrail is blocked", { metrics: { context_precision: 0.49 } }, {}, "block", "is below 0.5"],
      [
        "whose metric could not be measured is blocked",
        { metrics: { context_precision: null } },
        {},
        "block",
        "not a number",
      ],
      [
        "with a metric that is no number is blocked",
        { metrics: { context_precision: "1" } },
        {},
        "block",
        "not a number",
      ],
      [
        "with an unlisted key is blocked",
        { params: { speed: 1, other: 1 } },
        {},
        "block",
        "other (KLR_OTHER) is not on the allow-list",
      ],
      [
        "below the needed level is held",
        {},
        level(1),
        "hold",
        "autonomy level 1 is below 2: waits for approval",
      ],
      ["that was held is held again", {}, { ...level(0), ...standing("held") }, "hold", "waits for approval"],
      [
        "over a guardrail is not saved by approval",
        { metrics: { hallucination_rate: 1 } },
        { approved: true },
        "block",
        "guardrail",
      ],
      [
        "with an unlisted key is not saved by approval",
        { params: { x: 1 } },
        { approved: true },
        "block",
        "allow-list",
      ],
      [
        "is blocked while its mapping is not known",
        {},
        { mappingProblem: "dream.yaml:3: broken" },
        "block",
        "dream.yaml:3",
      ],
      [
        "that sets one key twice is blocked",
        { params: { speed: 1, rate: 2 } },
        mapping("rate", "KLR_TTS_SPEED"),
        "block",
        "another parameter sets this key",
      ],
      ["with an inherited name is blocked", { params: { constructor: 1 } }, {}, "block", "KLR_CONSTRUCTOR"],
    ];
  test.each(others)("%s", (_, winner, situation, kind, reason) => {
    const verdict = verdictOn(winner, situation);
    expect(verdict.kind).toBe(kind);
    expect("reason" in verdict ? verdict.reason : "").toContain(reason);
  });
});

describe("no winner raises its rights", () => {
  const keys = [
    "KLR_AUTONOMY_LEVEL",
    "klr_autonomy_level",
    "KLOROS_WINNER_DEPLOYER_ALLOW",
    "PATH",
    "LD_PRELOAD",
    "PERL5LIB",
    "PROMPT_COMMAND",
    "_JAVA_OPTIONS",
    "A B",
    "A\nB",
    "",
  ];
  test.each(keys)("%j is never set, also when it is listed", (key) => {
    expect(isNeverAllowed(key)).toBe(true);
    const rules: Rules = { ...RULES, allow: [{ key, type: "integer" }] };
    const verdict = verdictOn(
      { params: { x: 3 } },
      { mapping: new Map([["x", key]]), rules, approved: true },
    );
    expect(verdict).toMatchObject({ kind: "block" });
  });

  test("a parameter of that name ends at it too", () => {
    expect(verdictOn({ params: { autonomy_level: 9 } })).toMatchObject({ kind: "block" });
  });

  test("whatever its parameters are, only listed keys and one-line values come out", () => {
    const listed = new Set(DEFAULT_ALLOWED.map(({ key }) => key));
    const anyName = fc.oneof(fc.string(), fc.constantFrom("speed", "quality", "top_k_values", "__proto__"));
    fc.assert(
      fc.property(fc.dictionary(anyName, fc.jsonValue(), { maxKeys: 4 }), (params) => {
        const verdict = verdictOn({ params });
        if (verdict.kind !== "deploy") return;
        for (const { key, text } of verdict.values) {
          expect(listed.has(key)).toBe(true);
          expect(text).not.toMatch(/[\n\r\0]/);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("a value", () => {
  const integer: AllowedKey = { key: "K", type: "integer", min: 1, max: 10 };
  const string: AllowedKey = { key: "K", type: "string" };
  const integers: AllowedKey = { ...integer, type: "integers" };
  const table: readonly [AllowedKey, value: unknown, text: string | null][] = [
    [integer, 5, "5"],
    [integer, 5.5, null],
    [integer, "5", null],
    [integer, true, null],
    [integer, null, null],
    [integer, 0, null],
    [integer, 11, null],
    [integer, [5], null],
    [{ key: "K", type: "number" }, 0.25, "0.25"],
    [{ key: "K", type: "number" }, 1e21, "1e+21"],
    [{ key: "K", type: "boolean" }, true, "true"],
    [{ key: "K", type: "boolean" }, 1, null],
    [string, "high", "high"],
    [string, 3, "3"],
    [string, "a b", "a b"],
    [string, "a\nKLR_AUTONOMY_LEVEL=3", null],
    [string, "a\rB=1", null],
    [string, "a\u0000", null],
    [string, "a\u2028b", null],
    [string, "a\u001b[31m", null],
    [string, "it's $HOME", null],
    [string, "x".repeat(201), null],
    [{ ...string, values: ["low", "high"] }, "medium", null],
    [{ ...string, values: ["low", "high"] }, "low", "low"],
    [integers, [3, 5, 8], "3,5,8"],
    [integers, 4, "4"],
    [integers, [], null],
    [integers, [3, [4]], null],
    [integers, [3, 99], null],
  ];
  test.each(table)("for %j: %j becomes %j", (allowed, value, text) => {
    const checked = checkValue(allowed, value);
    expect(checked.ok ? checked.text : null).toBe(text);
  });
});
