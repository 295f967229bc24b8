import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { LINE_LENGTH_MAX } from "./process/bounded_lines.ts";
import { cycleLogPath } from "./progress/cycle_log.ts";
import { openBench, type DreamBench } from "./testing/dream_bench.ts";

/** Real processes, on a machine that may be busy. */
setDefaultTimeout(30_000);

let bench: DreamBench | undefined;
afterEach(async () => {
  await bench?.stop();
  bench = undefined;
});

test("what a cycle prints stands in the log, each line with its run and stream", async () => {
  bench = await openBench("echo one\necho two >&2\nprintf three\n");
  await bench.trigger();
  const [completion] = await bench.completions(1);
  const log = readFileSync(cycleLogPath(bench.running.paths), "utf8");
  const tag = completion?.run_tag ?? "";
  for (const line of [`${tag} out one`, `${tag} err two`, `${tag} out three`, `${tag} cycle ended`])
    expect(log).toContain(line);
});

test("huge output is bounded: the log is rotated, a line without an end is cut, the cycle completes", async () => {
  bench = await openBench(
    "head -c 3000000 /dev/zero | tr '\\0' x\necho\nyes 'a line of the output' | head -c 6000000\n",
    { logMebibytesMax: 1, logKeep: 1 },
  );
  await bench.trigger();
  const [completion] = await bench.completions(1);
  expect(completion).toMatchObject({ success: true });
  const path = cycleLogPath(bench.running.paths);
  for (const file of [path, `${path}.1`]) {
    expect(statSync(file).size).toBeLessThan(1.2 * 1024 * 1024);
    const longest = Math.max(
      ...readFileSync(file, "utf8")
        .split("\n")
        .map((line) => line.length),
    );
    expect(longest).toBeLessThan(LINE_LENGTH_MAX + 200);
  }
});

test("progress lines become the status and a live signal, at most two a second, and are not logged", async () => {
  const line = (candidates: number) =>
    `{\\"progress\\":{\\"run_tag\\":\\"$KLOROS_RUN_TAG\\",\\"experiment\\":\\"rag_opt\\",\\"experiments_done\\":0,\\"experiments\\":2,` +
    `\\"generation\\":3,\\"candidates\\":${candidates},\\"candidates_max\\":64,\\"failed\\":1,\\"best_fitness\\":0.79,\\"elapsed_s\\":41.5}}`;
  const lines = [1, 2, 3, 4, 5].map((n) => `echo "${line(n)}"`).join("\n");
  const told: string[] = [];
  bench = await openBench(`sleep 0.1\n${lines}\necho plain\n`, {}, { onStatus: (text) => told.push(text) });
  const seen: unknown[] = [];
  const tap = await bench.running.testBus
    .connect("operator")
    .tap({ signals: ["Q_DREAM_PROGRESS"] }, (signal) => seen.push(signal.facts));
  await bench.trigger();
  const [completion] = await bench.completions(1);
  await tap.close();
  expect(seen).toEqual([
    expect.objectContaining({ run_tag: completion?.run_tag, generation: 3, candidates: 1, limit_s: 1680 }),
  ]);
  const progress = `cycle ${completion?.run_tag}: rag_opt (1 of 2), generation 3, 1 of 64 candidates (1 failed), best 0.79, 42 of 1680 s`;
  expect(told.some((text) => text.startsWith(`${progress};`))).toBe(true);
  const log = readFileSync(cycleLogPath(bench.running.paths), "utf8");
  expect(log).toContain("plain");
  expect(log).not.toContain("best_fitness");
});
