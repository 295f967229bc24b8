import { describe, expect, test } from "bun:test";
import { decide, directoryToInspect } from "./decide.ts";
import type { DirectoryInspection, Situation } from "./decide.ts";
import { confidenceOf } from "./evidence.ts";
import type { Completion } from "./evidence.ts";

const SOURCE = "/home/kloros/src";

const completion: Completion = {
  investigation_timestamp: "2026-11-23T02:02:33.720716",
  question_id: "discover.module.audio",
  status: "completed",
  duration_ms: 400,
  queue_wait_time_ms: 1,
  hypothesis: "UNDISCOVERED_MODULE_AUDIO",
  evidence: ["path:/home/kloros/src/audio", "has_init:False", "py_files:14", "age_days:3"],
  method: "static_analysis",
  summary: { files_analyzed: 14 },
};

const inspection: DirectoryInspection = {
  kind: "directory",
  pyFiles: 14,
  hasInit: false,
  realDirectory: "/home/kloros/src/audio",
  realSource: SOURCE,
};

const good: Situation = {
  completion,
  source: SOURCE,
  entries: new Map(),
  inspection,
  config: { confidenceMin: 0.6, createInit: true },
};

function facing(changes: Partial<Situation>, facts: Partial<Completion> = {}) {
  return decide({ ...good, ...changes, completion: { ...completion, ...facts } });
}

const entry = (module: string | undefined, autoDiscovered = true) => ({
  module,
  autoDiscovered,
  discoveredAt: undefined,
});

describe("decide()", () => {
  test("integrates what meets every criterion", () => {
    expect(facing({})).toEqual({
      kind: "integrate",
      module: {
        name: "audio",
        modulePath: "audio",
        directory: "/home/kloros/src/audio",
        key: "audio",
        capabilityKey: "undiscovered.audio",
        pyFiles: 14,
        createInit: true,
      },
    });
  });

  test("creates no __init__.py where there is one, or where it is turned off", () => {
    const there = facing({ inspection: { ...inspection, hasInit: true } });
    const off = facing({ config: { confidenceMin: 0.6, createInit: false } });
    for (const decision of [there, off]) expect(decision).toMatchObject({ module: { createInit: false } });
  });

  test.each([undefined, "", "SOMETHING_ELSE", "undiscovered_module_audio"])(
    "ignores a completion that is not about an undiscovered module: %p",
    (hypothesis) => {
      const { hypothesis: _, ...without } = completion;
      const facts = hypothesis === undefined ? without : { ...without, hypothesis };
      expect(decide({ ...good, completion: facts })).toMatchObject({ kind: "ignore" });
    },
  );

  const refusals: [string, Partial<Situation>, Partial<Completion>, string, boolean][] = [
    [
      "a failed investigation",
      {},
      { status: "failed", error: "timeout" },
      "the investigation failed: timeout",
      true,
    ],
    [
      "too little confidence",
      {},
      { method: "static_analysis+llm", confidence: 0.3 },
      "confidence 0.3 is below the threshold 0.6",
      true,
    ],
    [
      "a static analysis that parsed nothing",
      {},
      { summary: { files_analyzed: 0 } },
      "confidence 0 is below",
      true,
    ],
    ["no py_files", {}, { evidence: ["path:/home/kloros/src/audio"] }, "no py_files of at least 1", false],
    [
      "py_files of zero",
      {},
      { evidence: ["path:/home/kloros/src/audio", "py_files:0"] },
      "no py_files of at least 1",
      false,
    ],
    [
      "py_files that is no number",
      {},
      { evidence: ["path:/home/kloros/src/audio", "py_files:many"] },
      "no py_files",
      false,
    ],
    ["no path", {}, { evidence: ["py_files:3"] }, "the evidence gives no path", false],
    ["an empty path", {}, { evidence: ["py_files:3", "path:"] }, "the evidence gives no path", false],
    [
      "a path outside",
      {},
      { evidence: ["py_files:3", "path:/home/kloros/src/../x"] },
      "outside the source root",
      false,
    ],
    ["a missing directory", { inspection: { ...inspection, kind: "absent" } }, {}, "does not exist", true],
    ["a file", { inspection: { ...inspection, kind: "not_directory" } }, {}, "is not a directory", false],
    [
      "no Python files directly in it",
      { inspection: { ...inspection, pyFiles: 0 } },
      {},
      "holds no *.py directly",
      true,
    ],
    [
      "a link out of the source root",
      { inspection: { ...inspection, realDirectory: "/etc" } },
      {},
      "leads out of the source root, to /etc",
      false,
    ],
  ];
  test.each(refusals)("refuses %s, and says so", (_, situation, facts, reason, retryPossible) => {
    const decision = facing(situation, facts);
    expect(decision).toMatchObject({ kind: "refuse", retryPossible });
    expect(decision.kind === "refuse" ? decision.reason : "").toContain(reason);
  });

  test("names the first criterion that is not met", () => {
    const decision = facing({}, { status: "failed", evidence: [] });
    expect(decision).toMatchObject({ kind: "refuse", reason: "the investigation failed: no reason given" });
  });

  test.each([
    ["by its path", "voice", entry("audio")],
    ["by its path below the root's name", "voice", entry("src.audio")],
    ["by its name, hand-written without a path", "audio", entry(undefined, false)],
    ["by its name, hand-written with another path", "audio", entry("kloros.audio.engine", false)],
  ])("does nothing for a module that is registered %s", (_, key, registered) => {
    expect(facing({ entries: new Map([[key, registered]]) })).toMatchObject({ kind: "already", key });
  });

  test("does nothing for a registered module also when its investigation failed", () => {
    expect(facing({ entries: new Map([["audio", entry("audio")]]) }, { status: "failed" })).toMatchObject({
      kind: "already",
    });
  });

  test("tells two directories with the same last part apart", () => {
    const nested = ["path:/home/kloros/src/tools/audio", "py_files:2"];
    const found = { ...inspection, realDirectory: "/home/kloros/src/tools/audio" };
    const entries = new Map([["audio", entry("audio")]]);
    expect(facing({ entries, inspection: found }, { evidence: nested })).toMatchObject({
      kind: "integrate",
      module: { key: "tools.audio", modulePath: "tools.audio" },
    });
    const other = new Map([["audio", entry("tools.audio")]]);
    const refused = facing({ entries: other });
    expect(refused).toMatchObject({ kind: "refuse", retryPossible: false });
  });
});

describe("directoryToInspect()", () => {
  test("is nothing for what will not be looked at", () => {
    expect(directoryToInspect(completion, SOURCE)).toBe("/home/kloros/src/audio");
    expect(directoryToInspect({ ...completion, evidence: ["path:/etc"] }, SOURCE)).toBeUndefined();
    expect(directoryToInspect({ ...completion, hypothesis: "OTHER" }, SOURCE)).toBeUndefined();
  });

  test("takes the completion's own absolute path where the evidence has none", () => {
    const without = { ...completion, evidence: [] };
    expect(directoryToInspect({ ...without, module_path: "/home/kloros/src/x" }, SOURCE)).toBe(
      "/home/kloros/src/x",
    );
    expect(directoryToInspect({ ...without, module_path: "x" }, SOURCE)).toBeUndefined();
  });
});

describe("confidenceOf()", () => {
  test.each([
    [{ method: "static_analysis", summary: { files_analyzed: 1 }, confidence: 0.1 }, 1],
    [{ method: "static_analysis", summary: { files_analyzed: 0 }, confidence: 0.1 }, 0.1],
    [{ method: "static_analysis+llm", summary: { files_analyzed: 5 }, confidence: 0.7 }, 0.7],
  ])("%j counts as %p", (facts, confidence) => {
    expect(confidenceOf({ ...completion, ...facts })).toBe(confidence);
  });
});
