import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeTestHome, openTestBus, until } from "@kloros/daemon/testing";
import { argumentsOf } from "./process/proc.ts";
import { makeTrigger, openBench, type DreamBench } from "./testing/dream_bench.ts";

/** Real processes, on a machine that may be busy. */
setDefaultTimeout(30_000);

let bench: DreamBench | undefined;
const afterwards: (() => unknown)[] = [];
afterEach(async () => {
  await bench?.stop();
  bench = undefined;
  for (const close of afterwards.splice(0)) await close();
});

/** Runs until the file `go` is there, and tells that it runs, and with which promotions. */
const UNTIL_GO = `
echo "$KLOROS_PROMOTION_IDS" | tr '\\n' ' ' >> "$BENCH/ran"
echo >> "$BENCH/ran"
while [ ! -e "$BENCH/go" ]; do sleep 0.02; done
`;

function letGo(on: DreamBench): void {
  writeFileSync(join(on.directory, "go"), "");
}

test("triggers that arrive while a cycle runs share the next one, each with a completion of its own", async () => {
  bench = await openBench(UNTIL_GO);
  const first = await bench.trigger({ promotion_ids: ["a@1"] });
  await bench.file("ran");
  const second = await bench.trigger({ promotion_ids: ["b@1"] });
  const third = await bench.trigger({ promotion_ids: ["c@1", "b@1"] });
  letGo(bench);
  const completions = await bench.completions(3);
  expect(completions.map(({ cause, outcome }) => [cause, outcome])).toEqual([
    [first.id, "completed"],
    [second.id, "completed"],
    [third.id, "coalesced"],
  ]);
  expect(completions.map((one) => one.promotion_ids)).toEqual([["a@1"], ["b@1", "c@1"], ["c@1", "b@1"]]);
  expect(completions[2]).toMatchObject({ success: false, run_tag: completions[1]?.run_tag, winners: [] });
  expect((await bench.file("ran")).split("\n").map((line) => line.trim())).toEqual(["a@1", "b@1 c@1"]);
});

test("a trigger with another topic gets a cycle of its own", async () => {
  bench = await openBench(UNTIL_GO);
  await bench.trigger();
  await until("the first cycle", () => bench?.has("ran"));
  await bench.trigger();
  await bench.trigger({ topic: "rag" });
  await bench.trigger();
  letGo(bench);
  const completions = await bench.completions(4);
  expect(completions.map((one) => [one.trigger_topic, one.outcome])).toEqual([
    [null, "completed"],
    [null, "completed"],
    ["rag", "completed"],
    [null, "coalesced"],
  ]);
});

test("refuse: a trigger that came while a cycle ran is refused, one that waited before it is not", async () => {
  const testBus = openTestBus();
  afterwards.push(() => testBus.close());
  const [first, waited, late] = [1, 2, 3].map((n) => makeTrigger({ promotion_ids: [`p@${n}`] }));
  await testBus.connect("policy-engine").publish([first!, waited!]);
  bench = await openBench(UNTIL_GO, { waitingTriggers: "refuse" }, { testBus });
  await bench.file("ran");
  await testBus.connect("policy-engine").publish([late!]);
  letGo(bench);
  const completions = await bench.completions(3);
  expect(completions.map(({ cause, outcome }) => [cause, outcome])).toEqual([
    [first!.id, "completed"],
    [waited!.id, "completed"],
    [late!.id, "refused"],
  ]);
});

test("in maintenance mode a cycle that runs goes on, and the next trigger waits", async () => {
  bench = await openBench(UNTIL_GO, {}, { restPollMs: 10 });
  const { maintenanceMarker } = bench.running.paths;
  await bench.trigger();
  await until("the first cycle", () => bench?.has("ran"));
  writeFileSync(maintenanceMarker, "");
  await bench.trigger();
  letGo(bench);
  expect(await bench.completions(1)).toMatchObject([{ outcome: "completed" }]);
  await Bun.sleep(100);
  expect((await bench.completions(1)).length).toBe(1);
  await Bun.file(maintenanceMarker).delete();
  await bench.completions(2);
});

test("in observe mode nothing is run and nothing is claimed", async () => {
  bench = await openBench(UNTIL_GO, {}, { mode: "observe" });
  await bench.trigger();
  const { records } = bench.running;
  await until("what it would do", () =>
    records.some((one) => String(one["msg"]).includes("would run a cycle")),
  );
  expect(bench.has("ran")).toBe(false);
  const { items } = await bench.running.testBus.connect("operator").read({ signals: ["Q_DREAM_COMPLETE"] });
  expect(items).toEqual([]);
});

test("while the installation's old runner runs, a trigger is refused, and the old runner is named", async () => {
  const testHome = makeTestHome();
  afterwards.push(() => testHome.remove());
  // Waits by itself: until it is another program, a child has its parent's arguments.
  const old = Bun.spawn(["sh", "-c", "read -r _", "-m", "src.dream.runner"], {
    cwd: dirname(testHome.paths.source),
    stdin: "pipe",
    detached: true,
  });
  afterwards.push(async () => {
    process.kill(-old.pid, "SIGKILL");
    await old.exited;
  });
  // It has its arguments only some time after the start.
  await until("the old runner", () => argumentsOf(old.pid).length > 1);
  bench = await openBench(UNTIL_GO, {}, { testHome });
  await bench.trigger();
  const [completion] = await bench.completions(1);
  expect(completion).toMatchObject({ success: false, outcome: "refused", run_tag: null });
  expect(completion?.error).toContain(`pid ${old.pid}`);
  expect(bench.has("ran")).toBe(false);
});
