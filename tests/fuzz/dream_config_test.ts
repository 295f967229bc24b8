import { afterAll, expect, test } from "bun:test";
import { DreamConfigError, readDreamConfig } from "@kloros/dream-runner";
import { fuzz, FUZZ_LIMIT_MS } from "@kloros/signal-schema/testing";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const directory = mkdtempSync(join(tmpdir(), "kloros-fuzz-"));
const path = join(directory, "dream.yaml");
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const SAMPLES = [
  `experiments:
  - name: one
    enabled: true
    evaluator: &e {command: [measure, "--fast"], timeout_s: 3}
    search_space:
      rate: {min: 0.5, max: 1.5, step: 0.25}
      voice: [a, b, 1.0, yes]
    budget: {max_candidates: 3, wallclock_sec: 60, allow_gpu: false}
    metrics: {target_direction: {wer: down, speed: up}}
    param_mapping: {rate: KLR_VOICE_RATE}
  - name: two
    enabled: false
    evaluator: *e
    search_space: {n: {min: 1, max: 9}}
fitness_aggregation: {method: weighted_sum, weights: {wer: 2, speed: .5}}
run: {artifact_root: out}
`,
  "experiments: []\n",
  "",
];
const WORDS = [
  "search_space",
  "param_mapping",
  "<<: *e",
  "*e",
  "&e",
  "? ",
  "---\n",
  "!!set",
  ".inf",
  ".nan",
  "0o7",
  "1:30",
  "1e400",
  "yes",
];

/** The YAML reader takes time by the square of keys and errors: half a second for 64 KiB of nothing else. */
const YAML_BOUND_MS = 1500;

test(
  "any bytes as dream.yaml are refused, each problem with its place and remedy, or are a configuration",
  async () => {
    await fuzz({ samples: SAMPLES, words: WORDS, boundMs: YAML_BOUND_MS }, async (bytes) => {
      writeFileSync(path, bytes);
      let problems: DreamConfigError["problems"];
      try {
        const { experiments, warnings } = await readDreamConfig(path);
        for (const { name, parameters } of experiments) {
          expect(name).toMatch(/^[^/\0]+$/);
          for (const { choices } of parameters) expect(choices.length).toBeGreaterThan(0);
        }
        problems = warnings;
      } catch (error) {
        if (!(error instanceof DreamConfigError)) throw error;
        expect(error.problems.length).toBeGreaterThan(0);
        ({ problems } = error);
      }
      for (const { problem, remedy, file } of problems) {
        expect([problem, remedy, file]).not.toContain("");
      }
    });
  },
  FUZZ_LIMIT_MS,
);
