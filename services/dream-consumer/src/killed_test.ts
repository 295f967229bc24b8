import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { until } from "@kloros/daemon/testing";
import { processIds } from "@kloros/dream-runner";
import { argumentsOf, taggedProcesses } from "./process/proc.ts";
import { untilNoneLeft, WRITE_WINNER } from "./testing/dream_bench.ts";
import { makeKillable, type Killable } from "./testing/killable.ts";

/** Real processes, on a machine that may be busy. */
setDefaultTimeout(30_000);

let killable: Killable | undefined;
afterEach(async () => {
  await killable?.remove();
  killable = undefined;
});

/** Nobody else sleeps as long: how a process without a run tag is found. */
const HIDDEN = `600.${process.pid}`;

/** Two runs last for ever, with a worker in a session of its own; the third wins at once. */
const LONG_THEN_GOOD = `${WRITE_WINNER}
if mkdir "$BENCH/first" 2>/dev/null || mkdir "$BENCH/second" 2>/dev/null; then
  trap '' TERM
  setsid sleep 600 &
  env -i sleep ${HIDDEN} &
  echo "$KLOROS_RUN_TAG" >> "$BENCH/tags"
  while :; do sleep 1; done
fi
echo "$KLOROS_RUN_TAG" >> "$BENCH/tags"
winner rag_opt 0.8 '{"m": 1}'
`;

const GOOD = `${WRITE_WINNER}
echo "$KLOROS_RUN_TAG" >> "$BENCH/tags"
winner rag_opt 0.8 '{"m": 1}'
`;

/** The worker that hides its run tag. */
function hidden(): readonly number[] {
  return processIds().filter((pid) => argumentsOf(pid).includes(HIDDEN));
}

test("a service that is killed or stopped takes its cycle along, and the next one runs it again, once", async () => {
  killable = makeKillable(LONG_THEN_GOOD, { "kloros.drainGraceMs": 600_000 });
  killable.start();
  const [first = ""] = await killable.tags(1);
  await until("workers", () => taggedProcesses(first).length >= 2);
  await until("the hidden worker", () => hidden().length === 1);
  // As one that hung and was killed for that.
  killable.kill("SIGSTOP");
  killable.kill("SIGKILL");
  await killable.gone();
  await untilNoneLeft(first);
  expect(hidden()).toEqual([]);
  killable.start();
  const [, second = ""] = await killable.tags(2);
  // The drain would wait for far longer than this test may take: what ends this is the grace of a runner that ignores SIGTERM.
  killable.kill("SIGTERM");
  expect(await killable.gone()).toBe("0");
  expect(taggedProcesses(second)).toEqual([]);
  killable.start();
  const [completion, ...others] = await killable.completions(1);
  expect(others).toEqual([]);
  const [, , third] = await killable.tags(3);
  expect(completion).toMatchObject({ success: true, run_tag: third, winners: [{ experiment: "rag_opt" }] });
});

/** A third crash would be taken for the delivery's own doing. */
for (const points of [
  ["dream.planned", "dream.started"],
  ["dream.finished", "dream.recorded"],
]) {
  test(`crashes at ${points.join(" and ")} lead to one completion of a whole run`, async () => {
    killable = makeKillable(GOOD);
    for (const point of points) {
      killable.start({ KLOROS_CRASH_AT: point });
      expect(await killable.gone()).toBe("SIGKILL");
    }
    killable.start();
    const [completion, ...others] = await killable.completions(1);
    expect(others).toEqual([]);
    expect(completion).toMatchObject({ success: true, outcome: "completed", promotion_ids: ["a@1"] });
    const tags = await killable.tags(1);
    expect(completion?.run_tag).toBe(tags.at(-1) ?? "");
    // What was planned only has not run, what was recorded is not run again.
    expect(tags.length).toBeLessThanOrEqual(2);
    if (points.includes("dream.finished")) expect(tags.length).toBe(2);
  });
}

test("a run that had written its report when its service was killed is adopted, not run again", async () => {
  killable = makeKillable(`
echo "$KLOROS_RUN_TAG" >> "$BENCH/tags"
mkdir -p "$ARTIFACTS/cycles"
cat > "$ARTIFACTS/cycles/tmp" <<EOF
{"schema": "kloros-dream-cycle/1", "run_tag": "$KLOROS_RUN_TAG", "started_at": "2026-11-23T00:00:00Z",
 "ended_at": "2026-11-23T00:00:01Z", "success": true, "exit_code": 0, "error": null,
 "experiments": [{"experiment": "rag_opt", "outcome": "completed", "generations": 4, "candidates": 8, "failed": 0,
   "failures": [], "bestFitness": 0.5, "artifacts": null, "durationS": 1}],
 "winners": [{"experiment": "rag_opt", "hash": "e73f10497a0b86c7", "fitness": 0.5, "params": {"top_k": 5},
   "metrics": {"m": 1}, "updatedAt": 1}]}
EOF
mv "$ARTIFACTS/cycles/tmp" "$ARTIFACTS/cycles/$KLOROS_RUN_TAG.json"
sleep 600
`);
  killable.start();
  const [tag = ""] = await killable.tags(1);
  const report = join(killable.home.paths.dreamArtifacts, "cycles", `${tag}.json`);
  await until("the report", () => existsSync(report));
  killable.kill("SIGKILL");
  await killable.gone();
  killable.start();
  const [completion] = await killable.completions(1);
  expect(completion).toMatchObject({ success: true, run_tag: tag, generation: 3, telemetry_path: report });
  expect(await killable.tags(1)).toEqual([tag]);
  expect(taggedProcesses(tag)).toEqual([]);
});
