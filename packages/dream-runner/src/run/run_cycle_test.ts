import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@kloros/daemon";
import { cycleReportPath, readCycleReport } from "../report/read_cycle_report.ts";
import { DreamFolder } from "../testing/dream_folder.ts";
import type { CycleReport } from "../types.ts";
import type { Progress } from "./progress.ts";
import { runCycle, type CycleOptions } from "./run_cycle.ts";

// They take a second; a machine that is busy with others starts programs slowly.
setDefaultTimeout(60_000);

let folder: DreamFolder;
beforeEach(() => {
  folder = new DreamFolder();
});
afterEach(() => {
  folder[Symbol.dispose]();
});

const MODULE = `export function evaluate({ x, y }) {
  if (y === "bad") throw new Error("y is bad");
  return { score: 10 - (x - 3) ** 2, cost: y === "dear" ? 5 : 0 };
}`;
const SPACE = "{x: {min: 0, max: 9}, y: [cheap, dear, bad]}";
const METRICS = "{target_direction: {score: up, cost: down}}";

function experiment(name: string, more = "", space = SPACE): string {
  return `  - name: ${name}\n    search_space: ${space}\n    evaluator: {path: evaluator.js}\n    metrics: ${METRICS}\n${more}`;
}

function options(more: Partial<CycleOptions>): CycleOptions {
  return {
    config: join(folder.path, "dream.yaml"),
    artifacts: join(folder.path, "artifacts"),
    runTag: "tag-1",
    seed: 1,
    clock: systemClock,
    environment: process.env,
    abort: new AbortController().signal,
    ...more,
  };
}

async function cycle(yaml: string, more: Partial<CycleOptions> = {}): Promise<CycleReport> {
  folder.write("evaluator.js", MODULE);
  const config = folder.write("dream.yaml", yaml);
  const report = await runCycle(options({ config, ...more }));
  expect(await readCycleReport(cycleReportPath(join(folder.path, "artifacts"), report.run_tag))).toEqual(
    report,
  );
  return report;
}

describe("runCycle()", () => {
  test("leaves the installation's artifacts, complete, and a report of them", async () => {
    const report = await cycle(`experiments:\n${experiment("one", "    budget: {max_candidates: 100}\n")}`);
    expect(report).toMatchObject({ success: true, exit_code: 0, error: null, run_tag: "tag-1" });
    expect(report.experiments[0]).toMatchObject({
      outcome: "completed",
      candidates: 30,
      failed: 10,
      failures: [{ reason: "Error: y is bad", count: 10 }],
      bestFitness: 10,
    });
    expect(folder.json("artifacts/winners/one.json")).toMatchObject({
      best: { fitness: 10, params: { x: 3, y: "cheap" }, metrics: { score: 10, cost: 0 } },
    });
    const files = folder.files("artifacts");
    expect(files).toContain("one/UNIX/gen_0_candidates.jsonl");
    expect(files.filter((file) => !file.includes("/gen_"))).toEqual([
      "cycles/tag-1.json",
      "one/UNIX/summary.json",
      "winners/one.json",
    ]);
    expect(report.winners).toMatchObject([{ experiment: "one", params: { x: 3, y: "cheap" }, fitness: 10 }]);
  });

  test("every candidate stands in its generation's file, failed ones with the reason", async () => {
    const report = await cycle(`experiments:\n${experiment("one")}`);
    const directory = report.experiments[0]?.artifacts?.slice(folder.path.length + 1) ?? "";
    const lines = folder
      .files(directory)
      .filter((file) => file.startsWith("gen_"))
      .flatMap((file) => folder.read(join(directory, file)).trim().split("\n"))
      .map((line) => JSON.parse(line) as { candidate: number; error: string | null; fitness: number | null });
    expect(lines.map(({ candidate }) => candidate).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 30 }, (_, index) => index),
    );
    expect(lines.every(({ error, fitness }) => (error === null) === (fitness !== null))).toBe(true);
    expect(folder.json(join(directory, "summary.json"))).toMatchObject({
      experiment: "one",
      best_fitness: 10,
      best_params: { x: 3, y: "cheap" },
      best_metrics: { score: 10, cost: 0 },
      ended_because: "every candidate of the space was measured",
    });
  });

  test("one seed gives one course, however many evaluators run beside each other", async () => {
    const yaml = `experiments:\n${experiment("one", "    budget: {max_candidates: 25}\n", "{x: {min: 0, max: 99}, y: [cheap, dear, bad]}")}`;
    const course = async (parallel: number): Promise<string[]> => {
      const report = await cycle(yaml, { parallel, runTag: `p${String(parallel)}` });
      const directory = report.experiments[0]?.artifacts?.slice(folder.path.length + 1) ?? "";
      const files = folder.files(directory).filter((file) => file.startsWith("gen_"));
      return files.map((file) =>
        folder.read(join(directory, file)).replaceAll(/"duration_s":[\d.]+,"incumbent":\w+/g, ""),
      );
    };
    const alone = await course(1);
    folder.write("artifacts/winners/one.json", "{}");
    expect(await course(4)).toEqual(alone);
  });

  test("the incumbent is measured again, and stays when nothing is better", async () => {
    folder.write(
      "artifacts/winners/one.json",
      '{"updated_at": 1, "best": {"fitness": 99, "params": {"x": 3, "y": "cheap"}, "metrics": {"score": 99}}}',
    );
    const report = await cycle(`experiments:\n${experiment("one", "    budget: {max_candidates: 1}\n")}`);
    expect(report.winners).toMatchObject([{ params: { x: 3, y: "cheap" }, fitness: 10 }]);
  });

  test("the incumbent stays when others are only as good", async () => {
    const equal = experiment("one", "", "{x: [3], y: [a, cheap, z]}");
    for (const y of ["a", "cheap", "z"]) {
      folder.write(
        "artifacts/winners/one.json",
        `{"updated_at": 1, "best": {"fitness": 10, "params": {"x": 3, "y": "${y}"}, "metrics": {"score": 10}}}`,
      );
      const report = await cycle(`experiments:\n${equal}`);
      expect(report.winners).toMatchObject([{ params: { x: 3, y }, fitness: 10 }]);
    }
  });

  test("a space that is mostly out of bounds is searched on", async () => {
    folder.write(
      "narrow.js",
      "export function evaluate({ x }) { if (x % 12) throw new Error('no'); return { score: x, cost: 0 }; }",
    );
    const narrow = experiment("one", "    budget: {max_candidates: 100}\n", "{x: {min: 1, max: 600}}");
    for (const seed of [1, 2, 3]) {
      const yaml = `experiments:\n${narrow.replace("evaluator.js", "narrow.js")}`;
      const report = await cycle(yaml, { seed, runTag: `seed-${String(seed)}`, parallel: 2 });
      expect(report.experiments[0]).toMatchObject({ outcome: "completed", candidates: 100 });
    }
  });

  test("when all candidates fail there is no winner, and the one before stays as it was", async () => {
    const before =
      '{"updated_at": 1, "best": {"fitness": 99, "params": {"x": 3, "y": "bad"}, "metrics": {}}}';
    folder.write("artifacts/winners/one.json", before);
    const report = await cycle(`experiments:\n${experiment("one", "", "{x: {min: 0, max: 99}, y: [bad]}")}`);
    expect(report).toMatchObject({ success: false, exit_code: 1, winners: [] });
    expect(report.error).toContain("Error: y is bad");
    expect(report.experiments[0]).toMatchObject({
      outcome: "failed",
      failures: [{ reason: "Error: y is bad" }],
    });
    // Given up early: the evaluator is broken, not the candidates.
    expect(report.experiments[0]?.candidates).toBeLessThan(20);
    expect(folder.read("artifacts/winners/one.json")).toBe(before);
  });

  test("one experiment that fails does not take the others with it", async () => {
    const broken = experiment("broken").replace("evaluator.js", "nowhere.js");
    const report = await cycle(
      `experiments:\n${broken}${experiment("one")}${experiment("off", "    enabled: false\n")}`,
    );
    expect(report.experiments.map(({ experiment: name, outcome }) => [name, outcome])).toEqual([
      ["broken", "failed"],
      ["one", "completed"],
    ]);
    expect(report).toMatchObject({ success: true, exit_code: 0 });
    expect(report.winners.map((winner) => winner.experiment)).toEqual(["one"]);
  });

  test("a budget of time ends an experiment with what it found", async () => {
    const slow = experiment(
      "slow",
      "    budget: {wallclock_sec: 2, max_candidates: 1000}\n",
      "{x: {min: 0, max: 999}, y: [cheap]}",
    );
    folder.write("evaluator.js", MODULE);
    const yaml = `experiments:\n${slow.replace("{path: evaluator.js}", `{command: [sh, -c, 'sleep 0.1; echo "{\\"score\\": 1, \\"cost\\": 1}"']}`)}`;
    const report = await cycle(yaml, { parallel: 1 });
    expect(report.experiments[0]).toMatchObject({ outcome: "completed", failed: 0 });
    // One at a time, each at least 0.1 s: more than 20 would be a budget that was not kept.
    expect(report.experiments[0]?.candidates).toBeWithin(1, 22);
  });

  test("a limit that is shorter than the budgets leaves each experiment its part", async () => {
    const slow = ["a", "b"].map((name) =>
      experiment(name, "    budget: {max_candidates: 1000}\n", "{x: {min: 0, max: 9999}}").replace(
        "{path: evaluator.js}",
        `{command: [sh, -c, 'echo "{\\"score\\": 1, \\"cost\\": 1}"']}`,
      ),
    );
    // A clock of its own: each look at it takes 2 s.
    let nowMs = 0;
    const clock = { ...systemClock, monotonicMs: () => (nowMs += 2000) };
    const report = await cycle(`experiments:\n${slow.join("")}`, { limitS: 400, parallel: 1, clock });
    expect(report.experiments.map(({ outcome }) => outcome)).toEqual(["completed", "completed"]);
    const totalS = report.experiments.reduce((sum, { durationS }) => sum + durationS, 0);
    expect(totalS).toBeWithin(360, 440);
    for (const { candidates } of report.experiments) expect(candidates).toBeLessThan(100);
  });

  test("an end from outside is a failure without winners, and waits for no evaluator", async () => {
    const hang = experiment("hang").replace("{path: evaluator.js}", "{command: [sleep, '600']}");
    const stop = new AbortController();
    setTimeout(() => {
      stop.abort("SIGTERM");
    }, 300);
    const report = await cycle(`experiments:\n${experiment("one")}${hang}${experiment("two")}`, {
      abort: stop.signal,
    });
    expect(report).toMatchObject({ success: false, exit_code: 143, winners: [] });
    expect(report.error).toContain("SIGTERM");
    expect(report.experiments.map(({ outcome }) => outcome).at(-1)).toBe("skipped");
    expect(folder.files("artifacts").filter((file) => file.startsWith("winners"))).toEqual([]);
  });

  test("a configuration that is wrong is reported with its places", async () => {
    const report = await cycle("experiments:\n  - name: one\n    search_space: 3\n");
    expect(report).toMatchObject({ success: false, exit_code: 78, experiments: [] });
    expect(report.error).toContain("dream.yaml:3:");
    expect(await cycle("experiments: []\n")).toMatchObject({ exit_code: 78 });
    const unknown = await cycle(`experiments:\n${experiment("rag_opt")}`, { experiments: ["rag_op"] });
    expect(unknown).toMatchObject({ exit_code: 64 });
    expect(unknown.error).toContain("did you mean rag_opt?");
  });

  test("evaluators get a directory of their own, and nothing of it stays", async () => {
    const script = folder.write(
      "measure.sh",
      `#!/bin/sh\nread line\ndir=$(echo "$line" | sed 's/.*"work_dir":"\\([^"]*\\)".*/\\1/')\necho x > "$dir/x" && echo '{"score": 1, "cost": 0}'\n`,
    );
    chmodSync(script, 0o755);
    const report = await cycle(
      `experiments:\n${experiment("one").replace("{path: evaluator.js}", "{command: [./measure.sh]}")}`,
    );
    expect(report).toMatchObject({ success: true });
    expect(folder.files("artifacts").filter((file) => file.includes("work"))).toEqual([]);
  });

  test("a candidate that spoils its work directory spoils nothing else", async () => {
    const spoil = `const { rmSync, writeFileSync } = require("node:fs"); const { dirname } = require("node:path");
      export function evaluate({ x }, { work_dir }) {
        if (x === 1) { rmSync(dirname(work_dir), { recursive: true }); writeFileSync(dirname(work_dir), ""); }
        return { score: x, cost: 0 };
      }`;
    folder.write("spoil.js", spoil);
    const yaml = experiment("one", "", "{x: [1, 2, 3]}").replace("evaluator.js", "spoil.js");
    const report = await cycle(`experiments:\n${yaml}`, { parallel: 1 });
    expect(report.experiments[0]).toMatchObject({ outcome: "completed", candidates: 3 });
    expect(report.success).toBe(true);
  });

  test("nothing is written where a link leads out of the artifacts", async () => {
    const outside = folder.write("outside/kept.txt", "kept");
    mkdirSync(join(folder.path, "artifacts/winners"), { recursive: true });
    symlinkSync(join(folder.path, "outside"), join(folder.path, "artifacts/one"));
    symlinkSync(outside, join(folder.path, "artifacts/winners/two.json"));
    const report = await cycle(`experiments:\n${experiment("one")}${experiment("two")}`);
    expect(report).toMatchObject({ success: false, winners: [] });
    expect(folder.files("outside")).toEqual(["kept.txt"]);
    expect(folder.read("outside/kept.txt")).toBe("kept");
    const three = await cycle(`experiments:\n${experiment("three")}${experiment("two")}`);
    expect(three).toMatchObject({ success: true, winners: [{ experiment: "three" }] });
    expect(three.experiments[1]?.failures[0]?.reason).toContain("remove the link");
  });

  test("no report is written through a link either", async () => {
    mkdirSync(join(folder.path, "outside"));
    mkdirSync(join(folder.path, "artifacts"));
    symlinkSync(join(folder.path, "outside"), join(folder.path, "artifacts/cycles"));
    const config = folder.write("dream.yaml", `experiments:\n${experiment("one")}`);
    for (const broken of [config, "/no/such.yaml"]) {
      expect(await runCycle(options({ config: broken }))).toMatchObject({ success: false });
    }
    expect(folder.files("outside")).toEqual([]);
  });

  test("the report of an earlier run with the same tag is gone while this one runs", async () => {
    const path = folder.write("artifacts/cycles/tag-1.json", "{}");
    const seen: boolean[] = [];
    await cycle(`experiments:\n${experiment("one")}`, { onProgress: () => seen.push(existsSync(path)) });
    expect(seen.every((isThere) => !isThere)).toBe(true);
  });

  test("progress is told while it runs", async () => {
    const seen: Progress[] = [];
    await cycle(`experiments:\n${experiment("one")}`, { onProgress: (progress) => seen.push(progress) });
    expect(seen).toHaveLength(30);
    expect(seen.at(-1)).toMatchObject({
      run_tag: "tag-1",
      experiment: "one",
      candidates: 30,
      failed: 10,
      best_fitness: 10,
    });
  });
});
