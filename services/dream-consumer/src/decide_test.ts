import { expect, test } from "bun:test";
import type { CycleReport, Winner } from "@kloros/dream-runner";
import { DreamComplete, validateFacts } from "@kloros/signal-schema";
import fc from "fast-check";
import {
  answerWithout,
  completionOf,
  isAdoptable,
  type CycleEnd,
  type CycleStory,
  type CycleYield,
  type TriggerFacts,
} from "./decide.ts";

const trigger: TriggerFacts = { reason: "r", topic: null, promotion_count: 2, promotion_ids: ["a@1", "b@1"] };
const story: CycleStory = { trigger, absorbed: [], runTag: "17-ab", durationS: 2.5, lastWords: "" };
const good: Winner = {
  experiment: "rag_opt",
  hash: "e73f10497a0b86c7",
  fitness: 0.8,
  params: { top_k: 5 },
  metrics: { m: 1 },
  updatedAt: 1,
};
const broken: Winner = { ...good, experiment: "tts", fitness: -1e18, metrics: null };

function reportOf(changes: Partial<CycleReport> = {}): CycleYield {
  const report: CycleReport = {
    schema: "kloros-dream-cycle/1",
    run_tag: "17-ab",
    started_at: "2026-11-23T00:00:00Z",
    ended_at: "2026-11-23T00:00:02Z",
    success: true,
    exit_code: 0,
    error: null,
    experiments: [],
    winners: [good],
    ...changes,
  };
  return { kind: "report", report, path: "/artifacts/cycles/17-ab.json" };
}

const foreign = (winners: readonly Winner[], unreadable: readonly string[] = []): CycleYield => ({
  kind: "foreign",
  winners,
  unreadable,
});
const zero: CycleEnd = { kind: "exited", code: 0 };

type Row = readonly [
  what: string,
  end: CycleEnd,
  left: CycleYield,
  outcome: string,
  error: string | undefined,
];
const rows: readonly Row[] = [
  ["a report with a winner", zero, reportOf(), "completed", undefined],
  ["a report of failure", zero, reportOf({ success: false, error: "all failed" }), "failed", "all failed"],
  ["a report whose winners are broken", zero, reportOf({ winners: [broken] }), "failed", "no winner"],
  ["a report of success and exit code 2", { kind: "exited", code: 2 }, reportOf(), "failed", "exit code 2"],
  [
    "exit code 2 with the report's reason",
    { kind: "exited", code: 2 },
    reportOf({ success: false, error: "dream.yaml:3" }),
    "failed",
    "dream.yaml:3",
  ],
  ["no report", zero, { kind: "nothing", error: "no report" }, "failed", "no report"],
  ["a changed winner", zero, foreign([good, broken]), "completed", undefined],
  ["no changed winner", zero, foreign([]), "completed", undefined],
  ["only broken winners", zero, foreign([broken]), "failed", "tts"],
  ["an unreadable winner", zero, foreign([], ["x.json:1: not JSON"]), "failed", "x.json:1"],
  ["a winner and exit code 1", { kind: "exited", code: 1 }, foreign([good]), "failed", "exit code 1"],
  ["a kill", { kind: "killed", signal: "SIGKILL" }, reportOf(), "failed", "SIGKILL"],
  ["the time limit", { kind: "timeout", limitS: 9, code: 0 }, reportOf(), "timeout", "9 s"],
  ["no start", { kind: "not_started", error: "no such file" }, foreign([]), "failed", "no such file"],
];

for (const [what, end, left, outcome, error] of rows) {
  test(`${what} is ${outcome}`, () => {
    const facts = completionOf(story, end, left);
    expect(facts.outcome).toBe(outcome as never);
    expect(facts.success).toBe(error === undefined);
    if (error === undefined) expect(facts.error).toBeUndefined();
    else expect(facts.error).toContain(error);
    if (error !== undefined) expect(facts.winners).toEqual([]);
    expect(validateFacts(DreamComplete, facts)).toMatchObject({ ok: true });
  });
}

test("only a completed cycle has winners, each of them measured, whatever was left", () => {
  const winner = fc.record({
    experiment: fc.constantFrom("a", "b"),
    hash: fc.constant("e73f10497a0b86c7"),
    fitness: fc.oneof(fc.double(), fc.constantFrom(-1e18, Number.NaN, Infinity)),
    params: fc.constant({ x: 1 }),
    metrics: fc.option(fc.dictionary(fc.string(), fc.double())),
    updatedAt: fc.constant(null),
  });
  const end = fc.oneof(
    fc.integer({ min: 0, max: 255 }).map((code): CycleEnd => ({ kind: "exited", code })),
    fc.constantFrom<CycleEnd>({ kind: "killed", signal: "SIGTERM" }, { kind: "timeout", limitS: 1, code: 0 }),
  );
  fc.assert(
    fc.property(end, fc.array(winner), fc.boolean(), (how, winners, success) => {
      const left = success ? foreign(winners) : reportOf({ winners, success });
      const facts = completionOf(story, how, left);
      const usable = (facts.winners ?? []).every(
        (one) => Number.isFinite(one.fitness) && one.fitness > -1e17 && one.metrics !== null,
      );
      return (
        usable &&
        (facts.success || facts.winners?.length === 0) &&
        facts.success === (facts.error === undefined)
      );
    }),
  );
});

test("the promotions of absorbed triggers are considered, each once", () => {
  const absorbed = [{ id: "x", promotionIds: ["b@1", "c@1"] }];
  expect(completionOf({ ...story, absorbed }, zero, reportOf()).promotion_ids).toEqual(["a@1", "b@1", "c@1"]);
});

test("generations count from 0, and the report is the telemetry", () => {
  const experiment = {
    experiment: "rag_opt",
    outcome: "completed" as const,
    generations: 4,
    candidates: 8,
    failed: 0,
    failures: [],
    bestFitness: 0.8,
    artifacts: null,
    durationS: 1,
  };
  const facts = completionOf(story, zero, reportOf({ experiments: [experiment] }));
  expect(facts).toMatchObject({ generation: 3, telemetry_path: "/artifacts/cycles/17-ab.json" });
});

test("winners that no signal could hold fail the cycle and say so", () => {
  const large = { ...good, params: { text: "ä".repeat(130 * 1024) } };
  const facts = completionOf(story, zero, reportOf({ winners: [large] }));
  expect(facts).toMatchObject({ success: false, winners: [] });
  expect(facts.error).toContain("bytes");
});

test("winners and promotions that only together are too large fail the cycle, too", () => {
  const ids = Array.from({ length: 500 }, (_, n) => `${"p".repeat(250)}${n}@1`);
  const large = { ...good, params: { text: "x".repeat(150 * 1024) } };
  const facts = completionOf(
    { ...story, trigger: { ...trigger, promotion_ids: ids } },
    zero,
    reportOf({ winners: [large] }),
  );
  expect(facts).toMatchObject({ success: false, winners: [], promotion_ids: ids });
});

for (const [what, changes] of [
  ["a winner without a name", { experiment: "" }],
  ["a winner with too long a name", { experiment: "x".repeat(2000) }],
] as const)
  test(`${what} in a report fails the cycle instead of leaving its trigger unanswered`, () => {
    const facts = completionOf(story, zero, reportOf({ winners: [{ ...good, ...changes }] }));
    expect(facts).toMatchObject({ success: false, outcome: "failed", winners: [] });
    expect(facts.error).toContain("/facts/winners/0/experiment");
    expect(validateFacts(DreamComplete, facts)).toMatchObject({ ok: true });
  });

test("last words that were cut in the middle of a character are still text", () => {
  const lastWords = "😀".repeat(1500).slice(1);
  const { error } = completionOf({ ...story, lastWords }, { kind: "exited", code: 3 }, foreign([]));
  expect(error?.isWellFormed()).toBe(true);
});

test("an answer without a cycle keeps the trigger's own facts", () => {
  const facts = answerWithout(trigger, "coalesced", { runTag: "17-ab", error: "taken over" });
  expect(facts).toMatchObject({
    success: false,
    exit_code: null,
    promotion_ids: ["a@1", "b@1"],
    winners: [],
  });
  expect(validateFacts(DreamComplete, facts)).toMatchObject({ ok: true });
});

test("the report of a run that was asked to end is not adopted; that of any other is", () => {
  const report = (exit_code: number): CycleReport => {
    const left = reportOf({ exit_code });
    if (left.kind !== "report") throw new Error("no report");
    return left.report;
  };
  expect([0, 1, 143].map((code) => isAdoptable(report(code)))).toEqual([true, true, false]);
});
