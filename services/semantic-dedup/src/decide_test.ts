import { describe, expect, test } from "bun:test";
import { CuriosityInvestigate, EvidenceUpdated, evidenceHash, validateFacts } from "@kloros/signal-schema";
import fc from "fast-check";
import { decide, type Circumstances, type Completion, type Decision, type Rules } from "./decide.ts";
import type { ModuleState } from "./state.ts";

const HOUR_MS = 3_600_000;
const START_MS = Date.parse("2026-11-23T00:00:00Z");
const RULES: Rules = { failuresMax: 5, suppressDays: 7, askAgainHours: 24 };

/** Texts that order like the local times they stand for. */
const textAt = (ms: number): string => new Date(ms).toISOString().slice(0, -1);

function at(hours: number, rest: Partial<Circumstances> = {}): Circumstances {
  const nowMs = START_MS + hours * HOUR_MS;
  return {
    nowMs,
    now: textAt(nowMs),
    until: textAt(nowMs + 7 * 24 * HOUR_MS),
    knownModules: new Set(["audio", "bus", "tts"]),
    suppressionInFile: null,
    ...rest,
  };
}

const A = ["path:/src/audio", "py_files:3", "age_days:1"];
const A_OLDER = ["py_files:3", "path:/src/audio", "age_days:2"];
const B = ["path:/src/audio", "py_files:4", "age_days:2"];
const C = ["path:/src/audio", "py_files:5"];

function completion(facts: Partial<Completion> = {}): Completion {
  return {
    investigation_timestamp: "2026-11-23T02:02:33.720716",
    question_id: "discover.module.audio",
    status: "completed",
    duration_ms: 1,
    queue_wait_time_ms: 0,
    module_name: "audio",
    module_path: "/src/audio",
    evidence: A,
    summary: {
      imports: ["os", "src.bus.hub", "tts", "numpy", "audio.deep", ".own"],
      capabilities: ["play: Plays."],
      key_abstractions: ["Device"],
      purpose: "Sound.",
    },
    ...facts,
  };
}

/** Takes in one completion after the other, an hour apart unless told. */
function run(steps: readonly (Partial<Completion> & { readonly hour?: number })[]): Decision[] {
  let state: ModuleState | null = null;
  return steps.map(({ hour, ...facts }, n) => {
    const decision = decide(completion(facts), "audio", state, at(hour ?? n), RULES);
    state = decision.state;
    return decision;
  });
}

const last = (decisions: readonly Decision[]): Decision => {
  const decision = decisions.at(-1);
  if (decision === undefined) throw new Error("no step");
  return decision;
};

describe("what is known", () => {
  test("comes from the summary: known modules among the imports, capabilities, abstractions, purpose", () => {
    const { state, updated } = last(run([{}]));
    expect(state.entry).toEqual({
      discovered_at: "2026-11-23T00:00:00.000",
      integrates_with: ["bus", "tts"],
      provides_capabilities: ["play: Plays."],
      key_abstractions: ["Device"],
      purpose: "Sound.",
      last_updated: "2026-11-23T00:00:00.000",
    });
    expect(updated).toMatchObject({
      module_name: "audio",
      evidence_hash: evidenceHash(["path:/src/audio", "py_files:3"]),
      changed: ["integrates_with", "provides_capabilities", "key_abstractions", "purpose"],
      suppressed: false,
    });
    expect(validateFacts(EvidenceUpdated, updated)).toMatchObject({ ok: true });
  });

  test("stays when an investigation failed, and keeps the day of discovery", () => {
    const [first, second] = run([{}, { status: "failed", error: "gone", summary: undefined as never }]);
    expect(second?.state.entry.integrates_with).toEqual(first?.state.entry.integrates_with ?? []);
    expect(second?.state.entry.discovered_at).toBe("2026-11-23T00:00:00.000");
    expect(second?.updated.changed).toEqual([]);
  });

  test("names only the fields that changed", () => {
    expect(
      last(run([{}, { evidence: B, summary: { ...completion().summary, purpose: "Other." } }])).updated
        .changed,
    ).toEqual(["purpose"]);
  });
});

describe("suppression", () => {
  const failed = { status: "failed", error: "it went wrong" } as const;
  const table: readonly (readonly [string, Partial<Completion>])[] = [
    ["it did not complete", failed],
    ["it has the tag unsolvable", { tags: ["unsolvable"] } as Partial<Completion>],
    ["it had no evidence", { evidence: [] }],
  ];
  test.each(table)("counts an investigation as failed when %s", (_, facts) => {
    expect(last(run([facts])).state.entry.suppression).toMatchObject({ failure_count: 1, suppressed: false });
  });

  test("counts one with the same stable evidence as failed, whatever the age", () => {
    expect(last(run([{ evidence: A }, { evidence: A_OLDER }])).state.entry.suppression).toMatchObject({
      failure_count: 1,
      reason: "its evidence was the same as the last time",
    });
  });

  test("sets in with the fifth failure in a row and says until when", () => {
    const decisions = run([failed, failed, failed, failed, failed]);
    expect(decisions.map(({ updated }) => updated.suppressed)).toEqual([false, false, false, false, true]);
    expect(last(decisions).updated.changed).toEqual(["suppression"]);
    expect(last(decisions).state.entry.suppression).toEqual({
      suppressed: true,
      reason: "5 failed investigations, the last: it went wrong",
      first_attempt: "2026-11-23T00:00:00.000",
      last_attempt: "2026-11-23T04:00:00.000",
      failure_count: 5,
      suppress_until: "2026-11-30T04:00:00.000",
      user_can_override: true,
    });
  });

  test("is lifted by a success", () => {
    const { updated, state } = last(run([failed, failed, failed, failed, failed, { evidence: B }]));
    expect(updated).toMatchObject({ suppressed: false });
    expect(state.entry.suppression).toMatchObject({ suppressed: false, failure_count: 0 });
  });

  test("counts anew when its time is over", () => {
    const decisions = run([failed, failed, failed, failed, failed, { ...failed, hour: 24 * 8 }]);
    expect(last(decisions).state.entry.suppression).toMatchObject({ suppressed: false, failure_count: 1 });
  });

  test("is lifted by an operator who says so in the file, unless it may not be", () => {
    const { state } = last(run([failed, failed, failed, failed, failed]));
    const { suppression } = state.entry;
    if (suppression === undefined) throw new Error("not suppressed");
    const circumstances = at(6, { suppressionInFile: { ...suppression, suppressed: false } });
    expect(decide(completion(failed), "audio", state, circumstances, RULES).updated.suppressed).toBe(false);
    const fixed: ModuleState = {
      ...state,
      entry: { ...state.entry, suppression: { ...suppression, user_can_override: false } },
    };
    expect(decide(completion(failed), "audio", fixed, circumstances, RULES).updated.suppressed).toBe(true);
  });
});

describe("asking again", () => {
  const asks = (decisions: readonly Decision[]): boolean[] => decisions.map(({ ask }) => ask !== null);

  const table: readonly (readonly [string, Parameters<typeof run>[0], readonly boolean[]])[] = [
    ["not about a module seen for the first time", [{}], [false]],
    ["not when only the age changed", [{ evidence: A }, { evidence: A_OLDER }], [false, false]],
    ["when the stable evidence changed", [{ evidence: A }, { evidence: B }], [false, true]],
    ["not twice for one change", [{ evidence: A }, { evidence: B }, { evidence: B }], [false, true, false]],
    [
      "once in 24 hours",
      [{ evidence: A }, { evidence: B }, { evidence: C, hour: 24.9 }],
      [false, true, false],
    ],
    [
      "again after 24 hours",
      [{ evidence: A }, { evidence: B }, { evidence: C, hour: 25 }],
      [false, true, true],
    ],
  ];
  test.each(table)("%s", (_, steps, expected) => {
    expect(asks(run(steps))).toEqual([...expected]);
  });

  test("not while the module is suppressed", () => {
    const failed = (evidence: string[]) => ({ status: "failed", error: "no", evidence }) as const;
    const decisions = run([A, A, A, A, B].map(failed));
    expect(last(decisions).updated.suppressed).toBe(true);
    expect(asks(decisions)).toEqual([false, false, false, false, false]);
  });

  test("asks with the new evidence, and its own answer is no failure", () => {
    const decisions = run([{ evidence: A }, { evidence: B }, { evidence: B }, { evidence: B }]);
    const { ask } = decisions[1] ?? {};
    expect(ask).toMatchObject({
      question_id: "discover.module.audio",
      evidence: B,
      module_path: "/src/audio",
    });
    expect(validateFacts(CuriosityInvestigate, ask)).toMatchObject({ ok: true });
    expect(decisions[2]?.state.entry.suppression).toBeUndefined();
    expect(decisions[3]?.state.entry.suppression).toMatchObject({ failure_count: 1 });
  });

  test("never more than once in any 24 hours, and never while suppressed", () => {
    const step = fc.record({
      evidence: fc.constantFrom(A, A_OLDER, B, C, []),
      status: fc.constantFrom("completed" as const, "failed" as const),
      wait: fc.double({ min: 0, max: 30, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let hour = 0;
        const decisions = run(steps.map(({ wait, ...facts }) => ({ ...facts, hour: (hour += wait) })));
        const times = decisions
          .filter(({ ask }) => ask !== null)
          .map(({ state }) => state.askedAtMs ?? Number.NaN);
        for (const [n, time] of times.entries()) {
          const before = times[n - 1];
          if (before !== undefined) expect(time - before).toBeGreaterThanOrEqual(24 * HOUR_MS);
        }
        for (const { ask, updated } of decisions) if (updated.suppressed) expect(ask).toBeNull();
      }),
    );
  });
});
