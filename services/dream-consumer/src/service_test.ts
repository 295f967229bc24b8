import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { getPriority } from "node:os";
import { join } from "node:path";
import { taggedProcesses } from "./process/proc.ts";
import { openBench, WRITE_WINNER, type DreamBench } from "./testing/dream_bench.ts";

/** Real processes, on a machine that may be busy. */
setDefaultTimeout(30_000);

let bench: DreamBench | undefined;
afterEach(async () => {
  await bench?.stop();
  bench = undefined;
});

test("a foreign runner's changed winner travels in the one completion, with its hash", async () => {
  bench = await openBench(`${WRITE_WINNER}winner rag_opt 0.8 '{"context_precision": 0.7}'\n`);
  mkdirSync(join(bench.artifacts, "winners"), { recursive: true });
  const old = { updated_at: 1, best: { fitness: 1, params: {}, metrics: { m: 1 } } };
  writeFileSync(join(bench.artifacts, "winners", "old.json"), JSON.stringify(old));
  const trigger = await bench.trigger({ promotion_ids: ["a@1"] });
  const [completion, ...others] = await bench.completions(1);
  expect(others).toEqual([]);
  expect(completion).toMatchObject({
    success: true,
    outcome: "completed",
    exit_code: 0,
    cause: trigger.id,
    promotion_ids: ["a@1"],
    winners: [{ experiment: "rag_opt", hash: "e73f10497a0b86c7", fitness: 0.8 }],
  });
});

test("a foreign runner that changes no winner found nothing new", async () => {
  bench = await openBench("exit 0\n");
  await bench.trigger();
  const [completion] = await bench.completions(1);
  expect(completion).toMatchObject({ success: true, outcome: "completed", winners: [] });
});

test("exit code 0 with only broken winners is no success", async () => {
  bench = await openBench(`${WRITE_WINNER}winner rag_opt -1e18 null\n`);
  await bench.trigger();
  const [completion] = await bench.completions(1);
  expect(completion).toMatchObject({ success: false, outcome: "failed", exit_code: 0, winners: [] });
  expect(completion?.error).toContain("rag_opt");
});

test("a cycle that fails publishes no winner, and says what it said last", async () => {
  bench = await openBench(
    `${WRITE_WINNER}winner rag_opt 0.8 '{"m": 1}'\necho out\necho 'no GPU' >&2\nexit 3\n`,
  );
  await bench.trigger();
  const [completion] = await bench.completions(1);
  expect(completion).toMatchObject({ success: false, outcome: "failed", exit_code: 3, winners: [] });
  expect(completion?.error).toContain("no GPU");
});

test("a runner that is killed is a failed cycle without an exit code", async () => {
  bench = await openBench("kill -SEGV $$\n");
  await bench.trigger();
  const [completion] = await bench.completions(1);
  expect(completion).toMatchObject({ success: false, outcome: "failed", exit_code: null });
  expect(completion?.error).toContain("SIGSEGV");
});

test("a program that does not exist is a failed cycle that names it", async () => {
  bench = await openBench(undefined, { command: ["no-such-runner", "{run_tag}"] });
  await bench.trigger();
  const [completion] = await bench.completions(1);
  expect(completion).toMatchObject({ success: false, outcome: "failed", exit_code: null });
  expect(completion?.error).toContain("no-such-runner");
});

test("a cycle over its limit that ignores SIGTERM is killed, with its workers in other sessions", async () => {
  bench = await openBench(
    `trap '' TERM\nsetsid sh -c 'trap "" TERM; while :; do sleep 1; done' &\necho "$KLOROS_RUN_TAG" > "$BENCH/tag"\nwhile :; do sleep 1; done\n`,
    { timeLimitS: 2, graceS: 0.1 },
  );
  await bench.trigger();
  const tag = await bench.file("tag");
  const [completion] = await bench.completions(1);
  expect(completion).toMatchObject({ success: false, outcome: "timeout", run_tag: tag, winners: [] });
  expect(taggedProcesses(tag)).toEqual([]);
});

test("workers that a finished runner left behind are ended before its completion is told", async () => {
  bench = await openBench(`setsid sleep 60 &\nsleep 60 &\necho "$KLOROS_RUN_TAG" > "$BENCH/tag"\nexit 0\n`);
  await bench.trigger();
  const tag = await bench.file("tag");
  await bench.completions(1);
  expect(taggedProcesses(tag)).toEqual([]);
});

test("a cycle runs with the limits, the environment and in the directory that are configured", async () => {
  bench = await openBench(
    `{ nice; ulimit -d; pwd; echo "$KLOROS_TOPIC/$EXTRA/$KLOROS_PROMOTION_IDS"; } > "$BENCH/found"\n`,
    { niceness: 5, memoryMebibytesMax: 64, workingDirectory: "state", environment: { EXTRA: "extra" } },
  );
  await bench.trigger({ topic: "rag", promotion_ids: ["a@1"] });
  await bench.completions(1);
  const state = bench.running.paths.state;
  const niceness = String(Math.min(19, getPriority() + 5));
  expect((await bench.file("found")).split("\n")).toEqual([niceness, "65536", state, "rag/extra/a@1"]);
});

test("many more winners than a plan can hold fail a cycle instead of starting it", async () => {
  bench = await openBench(`touch "$BENCH/ran"\n`);
  mkdirSync(join(bench.artifacts, "winners"), { recursive: true });
  for (let n = 0; n < 301; n++) writeFileSync(join(bench.artifacts, "winners", `${n}.json`), "{}");
  await bench.trigger();
  const [completion] = await bench.completions(1);
  expect(completion).toMatchObject({ success: false, outcome: "failed", exit_code: null });
  expect(bench.has("ran")).toBe(false);
});
