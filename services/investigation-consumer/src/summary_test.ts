import { describe, expect, test } from "bun:test";
import { InvestigationComplete, SUMMARY_BYTES_MAX, validateFacts } from "@kloros/signal-schema";
import fc from "fast-check";
import { completionOf } from "./completion.ts";
import type { Question } from "./decide.ts";
import { ModuleCollector } from "./module_structure.ts";
import type { FileStructure } from "./python/file_structure.ts";
import { genericRecord, moduleRecord, type ModuleRecord, type Stamp } from "./record.ts";
import { analyseStatically } from "./static_analyst.ts";
import { boundedSummary } from "./summary.ts";

const STAMP: Stamp = { timestamp: "2026-11-23T02:02:33.720716", duration_ms: 12.5, queue_wait_time_ms: 1 };
const QUESTION: Question = {
  question: "What does it do?",
  question_id: "discover.module.audio",
  priority: "high",
  evidence: ["path:/src/audio"],
  hypothesis: "UNDISCOVERED_MODULE_AUDIO",
  capability_key: "undiscovered.audio",
};

function file(part: Partial<FileStructure>): FileStructure {
  return {
    totalLines: 1,
    moduleDocstring: null,
    docstrings: [],
    classes: [],
    functions: [],
    imports: [],
    runsAsMain: false,
    complexity: 0,
    syntaxErrorLine: null,
    ...part,
  };
}

function record(part: Partial<FileStructure>, question = QUESTION): ModuleRecord {
  const collector = new ModuleCollector();
  collector.add("__init__.py", file(part));
  const findings = collector.finish();
  const analysis = analyseStatically({ moduleName: "audio", question: "?", findings });
  return moduleRecord(question, STAMP, {
    name: "audio",
    path: "/src/audio",
    method: "static_analysis",
    findings,
    analysis,
  });
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

describe("boundedSummary()", () => {
  test("is whole when it fits", () => {
    const { summary, truncated } = boundedSummary(
      record({ docstrings: ["One."], imports: ["numpy"] }),
      4_096,
    );
    expect(truncated).toBe(false);
    expect(summary).toMatchObject({ files_analyzed: 1, docstrings: ["One."], imports: ["numpy"] });
  });

  test("keeps to its size and says that it left something out", () => {
    const docstrings = Array.from({ length: 2_000 }, (_, n) => `${n} ${"😀é".repeat(200)}`);
    const imports = Array.from({ length: 40 }, (_, n) => `package_${n}`);
    const { summary, truncated } = boundedSummary(record({ docstrings, imports }), SUMMARY_BYTES_MAX);
    expect(truncated).toBe(true);
    expect(bytesOf(summary)).toBeLessThanOrEqual(SUMMARY_BYTES_MAX);
    expect(bytesOf(summary)).toBeGreaterThan(SUMMARY_BYTES_MAX * 0.9);
    expect(summary.imports).toHaveLength(40);
  });

  test("never passes any limit that it is given", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 300 });
    fc.assert(
      fc.property(
        fc.array(text, { maxLength: 60 }),
        fc.array(text, { maxLength: 60 }),
        fc.integer({ min: 600, max: 8_000 }),
        (docstrings, imports, bytesMax) => {
          const { summary } = boundedSummary(record({ docstrings, imports }), bytesMax);
          expect(bytesOf(summary)).toBeLessThanOrEqual(bytesMax);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("completionOf()", () => {
  test("carries the record's own timestamp and what the integrator needs", () => {
    const completion = completionOf(QUESTION, record({}));
    expect(validateFacts(InvestigationComplete, completion)).toMatchObject({ ok: true });
    expect(completion).toMatchObject({
      investigation_timestamp: STAMP.timestamp,
      status: "completed",
      module_name: "audio",
      module_path: "/src/audio",
      hypothesis: "UNDISCOVERED_MODULE_AUDIO",
      capability_key: "undiscovered.audio",
      evidence: ["path:/src/audio"],
      confidence: 1,
      method: "static_analysis",
      truncated: false,
    });
  });

  test("fits into a signal however much evidence there is", () => {
    const evidence = Array.from({ length: 4_000 }, (_, n) => `piece ${n} ${"é".repeat(200)}`);
    const completion = completionOf({ ...QUESTION, evidence }, record({}));
    expect(bytesOf(completion)).toBeLessThan(200 * 1024);
    expect(completion.truncated).toBe(true);
  });

  test("tells a failure with its reason", () => {
    const failure = { reason: "/src/audio does not exist", timeout: false };
    const { findings, analysis } = {
      findings: new ModuleCollector().finish(),
      analysis: record({}).llm_analysis,
    };
    const failed = moduleRecord(QUESTION, STAMP, {
      name: "audio",
      path: "/src/audio",
      method: "static_analysis",
      findings,
      analysis,
      failure,
    });
    expect(failed).toMatchObject({
      status: "failed",
      success: false,
      failure_reason: failure.reason,
      timeout: false,
    });
    const completion = completionOf(QUESTION, failed);
    expect(completion).toMatchObject({
      status: "failed",
      outcome: "failed",
      error: failure.reason,
      confidence: 0,
    });
    expect(validateFacts(InvestigationComplete, completion)).toMatchObject({ ok: true });
  });

  test("answers a generic question, with and without a module that it mentions", () => {
    const found = genericRecord(QUESTION, STAMP, ["audio"]);
    expect(found).toMatchObject({
      investigation_method: "generic_adaptive",
      status: "completed",
      confidence: 0.2,
    });
    const lost = genericRecord(QUESTION, STAMP, []);
    expect(lost).toMatchObject({ status: "failed", success: false });
    expect(lost.analysis.language_model).toBe("none is configured");
    const completion = completionOf(QUESTION, lost);
    expect(completion).not.toHaveProperty("module_name");
    expect(validateFacts(InvestigationComplete, completion)).toMatchObject({ ok: true });
  });
});
