/** Everything that an evaluator or a runner can do wrong: a clear record, no deployment, and the promotion ends. */
import { afterEach, expect, test } from "bun:test";
import { checkDream } from "./dream/check_dream.ts";
import { DreamHarness } from "./dream/dream_harness.ts";
import { readDreamLeft } from "./dream/dream_left.ts";
import type { Behaviour } from "./dream/experiment.ts";

const LIMIT_MS = 240_000;

let dream: DreamHarness | undefined;
afterEach(async () => {
  await dream?.remove();
  dream = undefined;
});

interface Failure {
  readonly behaviour: Behaviour;
  readonly outcome: "failed" | "timeout";
  /** Part of what is said about it. */
  readonly says: RegExp;
  readonly limitS?: number;
  readonly timeoutS?: number;
}

const FAILURES: readonly (readonly [string, Failure])[] = [
  ["exits with another code than 0", { behaviour: "exits", outcome: "failed", says: /3.*no such device/s }],
  ["hangs", { behaviour: "hangs", outcome: "failed", says: /0\.3 s/, timeoutS: 0.3 }],
  ["writes what is no JSON", { behaviour: "garbage", outcome: "failed", says: /score is good|JSON/ }],
  ["writes nothing", { behaviour: "nothing", outcome: "failed", says: /nothing|empty|no / }],
  ["measures NaN", { behaviour: "nan", outcome: "failed", says: /NaN/ }],
  ["wants more memory than there is", { behaviour: "hungry", outcome: "failed", says: /memory|exit/i }],
  ["takes the runner with it", { behaviour: "kills_runner", outcome: "failed", says: /SIGKILL|killed/ }],
  [
    "outlasts the cycle's limit",
    { behaviour: "hangs", outcome: "timeout", says: /1\.5 s|limit/, limitS: 1.5, timeoutS: 30 },
  ],
];

test.each(FAILURES)(
  "an evaluator that %s fails the cycle, deploys nothing, and leaves nothing running",
  async (_, { behaviour, outcome, says, limitS, timeoutS }) => {
    dream = new DreamHarness({
      experiment: { behaviour, values: [1, 2], ...(timeoutS === undefined ? {} : { timeoutS }) },
      settings: limitS === undefined ? {} : { limitS },
    });
    dream.start();
    dream.drop("first");
    const [complete] = await dream.heard("Q_DREAM_COMPLETE");
    expect(complete?.facts).toMatchObject({ success: false, outcome, winners: [] });
    expect(String(complete?.facts["error"])).toMatch(says);
    const [end] = await dream.heard("Q_DEPLOYMENT_COMPLETE");
    expect(end?.facts).toMatchObject({ deployed: 0, held: 0, failed: 0, cycle_success: false });
    expect(dream.waiting()).toEqual(["first.json"]);
    expect(dream.cycleProcesses()).toEqual([]);
    await dream.settle({ waitingMayStay: true });
    await dream.stop();
    const flaws = checkDream(await readDreamLeft(dream), { promotions: new Set() });
    expect(flaws).toEqual(["promotion first.json still waits"]);
  },
  LIMIT_MS,
);
