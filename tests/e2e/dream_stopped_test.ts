/** Processes that stand still (SIGSTOP, a suspended machine) in the middle of a cycle, and go on: the rules hold all the same. */
import { afterEach, expect, test } from "bun:test";
import { checkDream } from "./dream/check_dream.ts";
import { DreamHarness, type ServiceName } from "./dream/dream_harness.ts";
import { readDreamLeft } from "./dream/dream_left.ts";
import { KEY } from "./dream/experiment.ts";

/** Clients give a silent bus up after 5 s; a client that was silent for 10 s may be displaced; leases last 30 s. */
const STOPPED_MS = process.env["KLOROS_FULL"] === "1" ? 35_000 : 7000;

let dream: DreamHarness | undefined;
afterEach(async () => {
  await dream?.remove();
  dream = undefined;
});

test.each([
  ["the bus", ["chemical-bus"]],
  ["the D-REAM consumer", ["dream-consumer"]],
  ["everything but the bus", ["orchestrator-monitor", "policy-engine", "dream-consumer", "winner-deployer"]],
] as const)(
  "%s stands still while a cycle runs to its end: it is not run again, and its winner is deployed once",
  async (_, names: readonly ServiceName[]) => {
    dream = new DreamHarness({ experiment: { behaviour: "slow", values: [1, 2, 3, 4] } });
    dream.start();
    await dream.ready();
    dream.drop("first");
    await dream.until("the cycle to run", () => dream?.cycleProcesses().length !== 0);
    for (const name of names) dream.daemon(name).send("SIGSTOP");
    dream.drop("second");
    await Bun.sleep(STOPPED_MS);
    for (const name of names) dream.daemon(name).send("SIGCONT");
    await dream.settle();
    expect((await dream.said("Q_DREAM_TRIGGER")).length).toBe(2);
    await dream.stop();
    const wanted = { promotions: dream.promotions, environment: { [KEY]: "4" } };
    expect(checkDream(await readDreamLeft(dream), wanted)).toEqual([]);
    expect(dream.cycleProcesses()).toEqual([]);
  },
  120_000,
);
