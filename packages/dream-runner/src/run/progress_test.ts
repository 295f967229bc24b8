import { expect, test } from "bun:test";
import { barText, jsonProgress, type Progress } from "./progress.ts";

const PROGRESS: Progress = {
  run_tag: "t",
  experiment: "rag_opt",
  experiments_done: 0,
  experiments: 2,
  generation: 3,
  candidates: 15,
  candidates_max: 60,
  failed: 1,
  best_fitness: 0.8312351,
  elapsed_s: 12.4,
};

test("a thousand changes a second are four lines at most, the last change among them", async () => {
  const lines: string[] = [];
  const reporter = jsonProgress({ write: (text) => void lines.push(text), nowMs: () => performance.now() });
  const until = performance.now() + 450;
  let candidates = 0;
  while (performance.now() < until) {
    reporter.update({ ...PROGRESS, candidates: (candidates += 1) });
    await Bun.sleep(1);
  }
  reporter.close();
  expect(lines.length).toBeWithin(2, 4);
  expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ progress: { candidates } });
});

test("the bar shows what a person wants to know", () => {
  for (let columns = 2; columns < 120; columns += 1) {
    expect(barText(PROGRESS, columns).length).toBeLessThan(columns);
  }
  expect(barText(PROGRESS, 80)).toStartWith("rag_opt (1/2) █");
  expect(barText(PROGRESS)).toBe(
    "rag_opt (1/2) ██████░░░░░░░░░░░░░░░░░░ 15/60 · generation 3 · best 0.831235 · 1 failed · 12 s",
  );
});
