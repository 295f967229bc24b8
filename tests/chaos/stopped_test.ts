/** Compiled daemons that stand still (SIGSTOP, a suspended machine) under load, and go on: nothing is lost, nothing is done twice. */
import { afterEach, expect, test } from "bun:test";
import { until } from "@kloros/bus-client/testing";
import { exitCode } from "@kloros/daemon";
import { startSecond, stopInWork } from "../e2e/flow/stop_in_work.ts";
import { compiledPrograms } from "./house/compiled.ts";
import { Scene } from "./house/scene.ts";

const FULL = process.env["KLOROS_FULL"] === "1";
/** Clients give a silent bus up after 5 s; leases last 30 s. */
const BUS_STOP_MS = FULL ? 35_000 : 7000;
const LEASE_STOP_MS = 33_000;

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.remove();
  scene = undefined;
});

test("a bus that stood still for longer than its clients wait goes on, and they with it", async () => {
  scene = new Scene();
  await scene.begin();
  const bus = scene.house.daemon("chemical-bus");
  bus.send("SIGSTOP");
  await Bun.sleep(BUS_STOP_MS);
  bus.send("SIGCONT");
  await scene.witness.hears(20);
  await scene.comesOutRight();
}, 400_000);

test("consumers that stood still in the middle of their effects are displaced by another, or go on; each effect stays one", async () => {
  scene = new Scene();
  await scene.begin();
  const { house } = scene;
  const first = house.daemon("capability-integrator");
  await until("a cycle to run", () => house.cycleProcesses().length > 0, { limitMs: 60_000 });
  const others = ["dream-consumer", "winner-deployer", "investigation-consumer", "semantic-dedup"] as const;
  await stopInWork(house, [first.service as "capability-integrator", ...others]);
  const second = await startSecond(house, first, compiledPrograms());
  try {
    if (FULL) await Bun.sleep(LEASE_STOP_MS);
    for (const name of others) house.daemon(name).send("SIGCONT");
    await scene.witness.hears(20);
    first.send("SIGCONT");
    await until("the late one to be told", () => first.lines.some((line) => line["outcome"] === "gone"), {
      limitMs: 60_000,
    });
    expect(await first.exited()).toBe(exitCode("unavailable"));
    expect(first.lastWords()).toContain("is held by capability-integrator");
    await until("the other to work", () => second.lines.some((line) => line["outcome"] === "done"));
  } finally {
    await second.end();
  }
  first.start();
  await scene.comesOutRight();
}, 400_000);
