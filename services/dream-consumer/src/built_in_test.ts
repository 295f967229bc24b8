import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { makeTestHome, until, type TestHome } from "@kloros/daemon/testing";
import { taggedProcesses } from "./process/proc.ts";
import { openBench, untilNoneLeft, type DreamBench } from "./testing/dream_bench.ts";
import { SCORE_IS_X, writeExperiment } from "./testing/experiment.ts";
import { makeKillable, type Killable } from "./testing/killable.ts";

/** Real processes, on a machine that may be busy. */
setDefaultTimeout(30_000);

let testHome: TestHome | undefined;
let bench: DreamBench | undefined;
let killable: Killable | undefined;
afterEach(async () => {
  await bench?.stop();
  await killable?.remove();
  testHome?.remove();
  testHome = bench = killable = undefined;
});

async function open(evaluator: string): Promise<DreamBench> {
  testHome = makeTestHome();
  writeExperiment(testHome.paths, evaluator);
  bench = await openBench(undefined, {}, { testHome });
  return bench;
}

/** The first evaluation of each of two runs lasts for ever and says its run tag; the others are quick. */
const TWO_HANG = `
if mkdir "$BENCH/run-$KLOROS_RUN_TAG" 2>/dev/null && [ "$(ls -d "$BENCH"/run-* | wc -l)" -lt 3 ]; then
  echo "$KLOROS_RUN_TAG" >> "$BENCH/tags"
  exec sleep 600
fi
${SCORE_IS_X}
`;

function openKillable(): Killable {
  killable = makeKillable("", { command: [] });
  writeExperiment(killable.home.paths, TWO_HANG);
  return killable;
}

test("the built-in runner's winner is the completion's, and its report the telemetry", async () => {
  const on = await open(SCORE_IS_X);
  await on.trigger({ promotion_ids: ["a@1"] });
  const [completion] = await on.completions(1);
  expect(completion).toMatchObject({
    success: true,
    outcome: "completed",
    exit_code: 0,
    winners: [{ experiment: "level", params: { x: 4 }, metrics: { score: 4 } }],
    telemetry_path: `${on.artifacts}/cycles/${completion?.run_tag}.json`,
  });
  expect(readFileSync(`${on.artifacts}/winners/level.json`, "utf8")).toContain("score");
});

test("a cycle of the built-in runner in which all candidates failed says why", async () => {
  const on = await open("echo no such device >&2; exit 3\n");
  await on.trigger();
  const [completion] = await on.completions(1);
  expect(completion).toMatchObject({ success: false, outcome: "failed", exit_code: 1, winners: [] });
  expect(completion?.error).toContain("level");
});

test("a broken dream.yaml is told by file and line", async () => {
  const on = await open("");
  await Bun.write(testHome!.paths.dreamConfig, "experiments:\n  - name: [\n");
  await on.trigger();
  const [completion] = await on.completions(1);
  expect(completion).toMatchObject({ success: false, outcome: "failed", exit_code: 78 });
  expect(completion?.error).toContain("dream.yaml:");
});

test("a service that is killed or stopped takes runner and evaluators along, and runs the cycle again", async () => {
  const one = openKillable();
  const tags = new Set<string>();
  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    one.start();
    const tag = (await one.tags(tags.size + 1)).at(-1) ?? "";
    tags.add(tag);
    await until("runner and evaluator", () => taggedProcesses(tag).length >= 2);
    one.kill(signal);
    expect(await one.gone()).toBe(signal === "SIGKILL" ? "SIGKILL" : "0");
    await untilNoneLeft(tag);
  }
  one.start();
  const [completion, ...others] = await one.completions(1);
  expect(others).toEqual([]);
  expect(completion).toMatchObject({ success: true, winners: [{ experiment: "level" }] });
  expect([...tags, completion?.run_tag]).toHaveLength(3);
  expect(tags).not.toContain(completion?.run_tag ?? "");
});
