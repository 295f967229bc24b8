import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decideIntent } from "./decide.ts";
import type { Rules, Step } from "./decide.ts";
import { compileTable } from "./mapping_table.ts";

const rules: Rules = { findTarget: compileTable({}), sizeBytesMax: 256 * 1024, quietMs: 2000 };

function decide(content: unknown, quietMs = 0): Step {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  const bytes = new TextEncoder().encode(text);
  return decideIntent({ bytes, sizeBytes: bytes.length, quietMs }, rules);
}

function routed(content: unknown) {
  const step = decide(content);
  if (step.kind !== "route") throw new Error(`${step.kind}: ${step.reason}`);
  return { signal: step.definition.name, priority: step.priority, type: step.intentType, facts: step.facts };
}

describe("the shapes of existing installations", () => {
  test("discover.module becomes a question about a module, with what follows from its name", () => {
    const evidence = ["path:/home/kloros/src/audio", "has_init:True", "py_files:14"];
    const result = routed({
      type: "discover.module",
      id: "discover.module.audio",
      data: { question: "What is audio?", priority: 6, evidence },
    });
    expect(result).toEqual({
      signal: "Q_CURIOSITY_INVESTIGATE",
      priority: "normal",
      type: "discover.module",
      facts: {
        question: "What is audio?",
        question_id: "discover.module.audio",
        priority: "normal",
        evidence,
        hypothesis: "UNDISCOVERED_MODULE_AUDIO",
        capability_key: "undiscovered.audio",
        action_class: "investigate",
        module_name: "audio",
        module_path: "/home/kloros/src/audio",
        intent_type: "discover.module",
      },
    });
  });

  test("reinvestigate, and a type below discover.module., mean the same signal", () => {
    for (const type of ["reinvestigate", "discover.module.audio"]) {
      const result = routed({
        type,
        id: "discover.module.audio",
        data: { question: "again?", evidence: [] },
      });
      expect(result.facts).toMatchObject({ hypothesis: "UNDISCOVERED_MODULE_AUDIO", intent_type: type });
    }
  });

  test.each([
    "curiosity_investigate",
    "curiosity_propose_fix",
    "curiosity_find_substitute",
    "curiosity_explore",
  ])("%s carries its question, hypothesis and evidence", (type) => {
    const result = routed({
      intent_type: type,
      priority: 9,
      reason: "why it was asked",
      data: {
        question_id: "orphaned_queue.audio",
        question: "Who reads the audio queue?",
        hypothesis: "ORPHANED_QUEUE",
        capability_key: "audio.queue",
        action_class: "propose_fix",
        evidence: ["queue:audio", { depth: 3 }],
        unknown_field: 1,
      },
      generated_at: 1_763_116_200.25,
      emitted_by: "curiosity_core",
    });
    expect(result.priority).toBe("critical");
    expect(result.facts).toEqual({
      question: "Who reads the audio queue?",
      question_id: "orphaned_queue.audio",
      priority: "critical",
      evidence: ["queue:audio", '{"depth":3}'],
      hypothesis: "ORPHANED_QUEUE",
      capability_key: "audio.queue",
      action_class: "propose_fix",
      intent_type: type,
    });
  });

  test("the observer's word in data wins over its number at the top", () => {
    const result = routed({
      intent_type: "curiosity_investigate",
      priority: 5,
      emitted_at: 1_763_116_200,
      sha256: "00",
      data: { question: "Why?", priority: "high" },
    });
    expect(result.priority).toBe("high");
  });

  test("a flat question gets an id of its own, the same for the same question", () => {
    const flat = { type: "curiosity_investigate", question: "Why is it slow?" };
    const first = routed(flat).facts["question_id"];
    expect(first).toMatch(/^curiosity_investigate\.[0-9a-f]{16}$/);
    expect(routed(flat).facts["question_id"]).toBe(first);
    expect(routed({ ...flat, question: "Other?" }).facts["question_id"]).not.toBe(first);
  });

  test("run_scanner names its scanner", () => {
    expect(routed({ intent_type: "run_scanner", scanner: "docs", data: null })).toMatchObject({
      signal: "Q_RUN_SCANNER",
      facts: { scanner: "docs" },
    });
  });

  test.each([
    ["integration_fix", "Q_INTEGRATION_FIX", "critical"],
    ["spica_spawn_request", "Q_SPICA_SPAWN", "high"],
    ["alert_heartbeat_stall", "Q_HEALTH_ALERT", "high"],
    ["alert_gpu_oom", "Q_HEALTH_ALERT", "critical"],
    ["alert_vllm_oom_unbounded", "Q_HEALTH_ALERT", "critical"],
    ["trigger_dream", "Q_WORKFLOW_SUGGESTED", "high"],
    ["trigger_phase_promotion_cluster", "Q_WORKFLOW_SUGGESTED", "high"],
    ["suggest_phase_diagnostic", "Q_WORKFLOW_SUGGESTED", "normal"],
    ["suggest_phase_optimization", "Q_WORKFLOW_SUGGESTED", "normal"],
    ["suggest_lock_optimization", "Q_WORKFLOW_SUGGESTED", "normal"],
    ["suggest_dream_diagnostic", "Q_WORKFLOW_SUGGESTED", "normal"],
  ])("%s becomes %s with priority %s when it names none", (type, signal, priority) => {
    expect(routed({ intent_type: type, data: {} })).toMatchObject({ signal, priority });
  });

  test("integration_fix and spica_spawn_request keep what they specify", () => {
    const data = {
      question_id: "q",
      question: "?",
      hypothesis: "H",
      fix_specification: { a: 1 },
      autonomy_level: 2,
    };
    expect(routed({ intent_type: "integration_fix", data }).facts).toEqual(data);
    const spica = {
      question_id: "q",
      question: "?",
      hypothesis: "H",
      fix_context: { b: 2 },
      validation: { c: 3 },
    };
    expect(routed({ intent_type: "spica_spawn_request", data: spica }).facts).toEqual(spica);
  });

  test("an alert keeps its values, its unit and its suggestions", () => {
    const { facts } = routed({
      intent_type: "alert_gpu_oom",
      data: { metric_value: 97, threshold: 90, unit: "%", message: "nearly full", suggestions: ["unload"] },
    });
    expect(facts).toMatchObject({
      alert_type: "gpu_oom",
      severity: "critical",
      metric_value: 97,
      threshold: 90,
      recommended_action: "unload",
      key: "gpu_oom",
      state: "raised",
      details: { message: "nearly full", unit: "%", suggestions: ["unload"] },
    });
  });

  test("an alert without values says so with null", () => {
    const { facts } = routed({ type: "alert_heartbeat_stall", reason: "no heartbeat from tts" });
    expect(facts).toMatchObject({
      metric_value: null,
      threshold: null,
      severity: "warning",
      recommended_action: "no heartbeat from tts",
    });
  });

  test("a workflow is named without its prefix and keeps its data", () => {
    const { facts } = routed({
      intent_type: "trigger_dream",
      reason: "promotions wait",
      data: { topic: "tts" },
    });
    expect(facts).toEqual({
      workflow: "dream",
      reason: "promotions wait",
      data: { topic: "tts" },
      intent_type: "trigger_dream",
      priority: "high",
    });
    expect(routed({ type: "trigger_dream", topic: "tts" }).facts["data"]).toEqual({ topic: "tts" });
  });

  test("an unknown type with a question is a generic question, also without any type", () => {
    expect(routed({ type: "never_heard_of", question: "Why?" }).signal).toBe("Q_CURIOSITY_INVESTIGATE");
    expect(routed({ data: { question: "Why?" } }).facts["question_id"]).toMatch(/^question\.[0-9a-f]{16}$/);
  });
});

describe("what cannot be routed", () => {
  test.each([
    ["an unknown type without a question", { type: "never_heard_of", question: " " }, "never_heard_of"],
    ["nothing at all", {}, 'neither "type" nor "intent_type"'],
    ["a question whose data is null", { type: "discover.module", data: null }, 'its "data" is null'],
    ["a question whose data is a list", { type: "discover.module", data: [] }, 'its "data" is a list'],
    ["a scanner without a name", { intent_type: "run_scanner" }, '"scanner"'],
    ["a list", [], "a list"],
    ["a question beyond the schema's length", { question: "x".repeat(70_000) }, "question"],
  ])("%s is rejected with the reason", (_what, content, reason) => {
    const step = decide(content);
    expect(step.kind).toBe("reject");
    expect(step.kind === "reject" ? step.reason : "").toContain(reason);
  });

  test("unfinished content waits, and is rejected once it has been quiet for long enough", () => {
    expect(decide('{"type":', 0).kind).toBe("wait");
    expect(decide('{"type":', 1999).kind).toBe("wait");
    expect(decide('{"type":', 2000)).toMatchObject({ kind: "reject" });
    expect(decide("", 2000)).toEqual({ kind: "reject", reason: "the file is empty" });
  });

  test("a file beyond the limit is rejected once its writer is done, whatever it holds", () => {
    const look = { bytes: new TextEncoder().encode('{"question":"?"}'), sizeBytes: 300_000 };
    expect(decideIntent({ ...look, quietMs: 0 }, rules).kind).toBe("wait");
    expect(decideIntent({ ...look, quietMs: 2000 }, rules)).toMatchObject({
      kind: "reject",
      reason: "the file has 300000 bytes, an intent may have 262144",
    });
  });
});

describe("properties", () => {
  const types = [
    "discover.module",
    "curiosity_explore",
    "run_scanner",
    "alert_x",
    "trigger_y",
    "spica_spawn_request",
  ];
  const field = fc.oneof(
    fc.constantFrom(
      "type",
      "intent_type",
      "data",
      "question",
      "priority",
      "evidence",
      "scanner",
      "suggestions",
    ),
    fc.string({ maxLength: 5 }),
  );
  const value = fc.oneof({ depthSize: "small" }, fc.constantFrom(...types), fc.jsonValue({ maxDepth: 3 }));

  test("any JSON at any time is routed, waits, or is rejected with a reason", () => {
    fc.assert(
      fc.property(fc.dictionary(field, value), fc.nat(4000), (content, quietMs) => {
        const step = decide(content, quietMs);
        if (step.kind !== "route") expect(step.reason).not.toBe("");
      }),
    );
  });

  test("any bytes are settled after the quiet time: routed or rejected", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const step = decideIntent({ bytes, sizeBytes: bytes.length, quietMs: 2000 }, rules);
        expect(["route", "reject"]).toContain(step.kind);
      }),
    );
  });
});
