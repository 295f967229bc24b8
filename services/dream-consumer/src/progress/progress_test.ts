import { expect, test } from "bun:test";
import { DreamProgress, validateFacts } from "@kloros/signal-schema";
import fc from "fast-check";
import { progressFacts, progressText, readProgress, type Progress } from "./read_progress.ts";
import { tellSeldom } from "./tell_seldom.ts";

const progress: Progress = {
  run_tag: "17-ab",
  experiment: "rag_opt",
  experiments_done: 1,
  experiments: 2,
  generation: 3,
  candidates: 24,
  candidates_max: null,
  failed: 0,
  best_fitness: null,
  elapsed_s: 41.4,
};

test("a progress line of this run is understood, and becomes facts and a text", () => {
  const read = readProgress(JSON.stringify({ progress }), "17-ab");
  expect(read).toEqual(progress);
  expect(validateFacts(DreamProgress, progressFacts(progress, 1680))).toMatchObject({ ok: true });
  expect(progressText(progress, 1680)).toBe(
    "cycle 17-ab: rag_opt (2 of 2), generation 3, 24 candidates, 41 of 1680 s",
  );
});

test("any other line is only a line", () => {
  const others = [
    "",
    "text",
    '{"progress"',
    '{"progress": null}',
    JSON.stringify({ progress: { ...progress, run_tag: "other" } }),
    JSON.stringify({ progress: { ...progress, generation: -1 } }),
    JSON.stringify({ progress: { ...progress, elapsed_s: "1" } }),
  ];
  for (const line of others) expect(readProgress(line, "17-ab")).toBeUndefined();
  fc.assert(fc.property(fc.json(), (json) => readProgress(`{"progress":${json}}`, "17-ab") === undefined));
});

test("what is told seldom is told at once, then not before the interval is over, and one at a time", async () => {
  let nowMs = 0;
  const told: number[] = [];
  let release = (): void => {};
  const tell = tellSeldom<number>({
    intervalMs: 500,
    monotonicMs: () => nowMs,
    tell: async (value) => {
      told.push(value);
      await new Promise<void>((resolve) => (release = resolve));
    },
  });
  tell(1);
  nowMs = 499;
  tell(2);
  nowMs = 600;
  tell(3);
  expect(told).toEqual([1]);
  release();
  await Bun.sleep(0);
  tell(4);
  expect(told).toEqual([1, 4]);
});

test("a telling that fails harms nobody", async () => {
  let tries = 0;
  const tell = tellSeldom<number>({
    intervalMs: 0,
    monotonicMs: () => tries,
    tell: async () => {
      tries += 1;
      return Promise.reject(new Error("the bus is gone"));
    },
  });
  tell(1);
  await Bun.sleep(0);
  tell(2);
  await Bun.sleep(0);
  expect(tries).toBe(2);
});
