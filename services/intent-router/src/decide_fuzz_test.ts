import { expect, test } from "bun:test";
import { createRoot, validateEnvelope } from "@kloros/signal-schema";
import { fuzz, FUZZ_LIMIT_MS } from "@kloros/signal-schema/testing";
import { decideIntent } from "./decide.ts";
import type { Rules } from "./decide.ts";
import { BUILT_IN_TYPES, compileTable } from "./mapping_table.ts";

const rules: Rules = { findTarget: compileTable({}), sizeBytesMax: 64 * 1024, quietMs: 2000 };

const SAMPLES = [
  {
    type: "discover.module",
    id: "discover.module.audio",
    data: {
      question: "What is audio?",
      priority: 6,
      evidence: ["path:/home/kloros/src/audio", "py_files:14"],
    },
  },
  {
    intent_type: "curiosity_investigate",
    priority: 9,
    data: { question_id: "q", question: "Why?", hypothesis: "H" },
  },
  { type: "integration_fix", data: { question: "?", fix_specification: { a: [1] }, autonomy_level: 2.5 } },
  { type: "spica_spawn_request", data: { fix_context: {}, validation: { a: null } }, reason: "so" },
  { type: "run_scanner", scanner: "orphans", emitted_by: "cron" },
  { type: "alert_gpu_oom", data: { value: 3.5, threshold: "2", suggestions: ["less"], severity: "info" } },
  { type: "suggest_lock_optimization", reason: "slow", priority: "high", data: { a: { b: {} } } },
].map((intent) => JSON.stringify(intent, null, 2));

const WORDS = [
  ...Object.keys(BUILT_IN_TYPES),
  "type",
  "intent_type",
  "data",
  "question",
  "evidence",
  "priority",
];

test(
  "of any bytes a file waits, is rejected with a reason, or becomes a signal that the bus takes",
  async () => {
    await fuzz({ samples: SAMPLES, words: WORDS, inputs: 2500 }, (bytes) => {
      for (const quietMs of [0, rules.quietMs]) {
        const step = decideIntent({ bytes, sizeBytes: bytes.length, quietMs }, rules);
        if (step.kind === "route") {
          const envelope = createRoot(step.definition, step.facts, { source: "intent-router", nowMs: 0 });
          const result = validateEnvelope(envelope);
          // These two the bus refuses itself, and the file is rejected then.
          const isLeftToBus = !result.ok && ["too_deep", "too_large"].includes(result.code);
          if (!result.ok && !isLeftToBus) throw new Error(`routed as what is no signal: ${result.text}`);
        } else {
          expect(step.reason).not.toBe("");
          // What was quiet for long enough never waits for ever.
          if (quietMs > 0) expect(step.kind).toBe("reject");
        }
      }
    });
  },
  FUZZ_LIMIT_MS,
);

test("nesting that can be read and not be written again is rejected", () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const bytes = new TextEncoder().encode(`{"type": "reinvestigate", "question": "?", "evidence": [${deep}]}`);
  const step = decideIntent(
    { bytes, sizeBytes: bytes.length, quietMs: 0 },
    { ...rules, sizeBytesMax: 256 * 1024 },
  );
  expect(step).toMatchObject({ kind: "reject", reason: expect.stringContaining("nests deeper") });
});
