import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "@kloros/daemon/testing";
import { LeaseLostError, type Delivery } from "@kloros/bus-client";
import { createCycles } from "./effects.ts";
import { readPlan } from "./plan.ts";
import { taggedProcesses } from "./process/proc.ts";
import { makeTrigger, openBench, WRITE_WINNER, type DreamBench } from "./testing/dream_bench.ts";

/** Real processes, on a machine that may be busy. */
setDefaultTimeout(30_000);

let bench: DreamBench | undefined;
afterEach(async () => {
  await bench?.stop();
  bench = undefined;
});

const signal = makeTrigger({ promotion_ids: ["a@1"] });

/** A delivery in the test's hands: what it plans is kept, and it can be lost. */
function deliver(plan: unknown) {
  const lost = new AbortController();
  const plans: unknown[] = [plan];
  const delivery: Delivery = {
    signal,
    seq: 1,
    attempt: 1,
    late: false,
    state: null,
    plan,
    savePlan: async (next) => {
      lost.signal.throwIfAborted();
      plans.push(next);
      return Promise.resolve();
    },
    abort: lost.signal,
  };
  return {
    delivery,
    plan: () => plans.at(-1),
    lose: () => lost.abort(new LeaseLostError("the lease is not ours any more")),
  };
}

const UNTIL_GO = `echo "$KLOROS_RUN_TAG" > "$BENCH/tag"\nwhile [ ! -e "$BENCH/go" ]; do sleep 0.02; done\n`;

test("a delivery that is lost ends its cycle; when it comes again at once, it waits for that end and runs anew", async () => {
  bench = await openBench(UNTIL_GO);
  const cycles = createCycles(bench.running.context);
  const first = deliver(null);
  const failed = cycles.handle(first.delivery).catch((error: unknown) => error);
  const tag = await bench.file("tag");
  writeFileSync(join(bench.directory, "tag"), "");
  first.lose();
  const second = deliver(first.plan());
  const handled = cycles.handle(second.delivery);
  expect(await failed).toBeInstanceOf(LeaseLostError);
  expect(taggedProcesses(tag)).toEqual([]);
  expect(await bench.file("tag")).not.toBe(tag);
  writeFileSync(join(bench.directory, "go"), "");
  const [completion] = (await handled)?.emit ?? [];
  expect(completion?.facts).toMatchObject({ success: true, outcome: "completed" });
  expect(completion?.facts["run_tag"]).toBe(readPlan(second.plan())?.runTag);
});

test("what was planned with a result is told again word for word, without a run", async () => {
  bench = await openBench(UNTIL_GO);
  writeFileSync(join(bench.directory, "go"), "");
  const cycles = createCycles(bench.running.context);
  const first = deliver(null);
  const [told] = (await cycles.handle(first.delivery))?.emit ?? [];
  writeFileSync(join(bench.directory, "tag"), "");
  const [again] = (await cycles.handle(deliver(first.plan()).delivery))?.emit ?? [];
  expect(again?.id).toBe(told?.id ?? "");
  expect(again?.facts).toEqual(told?.facts ?? {});
  expect(await Bun.file(join(bench.directory, "tag")).text()).toBe("");
});

/** A foreign runner that writes only what it improved. */
const WINS_ONCE = `${WRITE_WINNER}
echo "$KLOROS_RUN_TAG" > "$BENCH/tag"
[ -e "$BENCH/won" ] || winner rag_opt 0.8 '{"m": 1}'
touch "$BENCH/won"
while [ ! -e "$BENCH/go" ]; do sleep 0.02; done
`;

test("what a foreign runner won before its service died is told by the run after it", async () => {
  bench = await openBench(WINS_ONCE);
  const cycles = createCycles(bench.running.context);
  const first = deliver(null);
  const failed = cycles.handle(first.delivery).catch((error: unknown) => error);
  await until("the winner", () => bench?.has("won"));
  first.lose();
  await failed;
  writeFileSync(join(bench.directory, "go"), "");
  const [completion] = (await cycles.handle(deliver(first.plan()).delivery))?.emit ?? [];
  expect(completion?.facts).toMatchObject({ success: true, winners: [{ experiment: "rag_opt" }] });
});
