/** Too little memory: a consumer that the kernel ends in the middle of its work comes back to it; the bus keeps within its own. */
import { afterEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "@kloros/bus-client/testing";
import { MemoryGroup, whyNoMemoryGroups } from "./house/memory_group.ts";
import { Scene } from "./house/scene.ts";
import { Supervisor } from "./house/supervisor.ts";

const noGroups = whyNoMemoryGroups();
if (noGroups !== undefined) console.warn(`memory limits are not tested: it ${noGroups}`);

const MIB = 1024 ** 2;
const AMPLE = 512 * MIB;
/** What it may grow beyond what it has; its next module takes several times as much. */
const ROOM = MIB;
/** The daemon's own files, its heap, SQLite's cache: it has about 70 MiB in use when it idles. */
const OF_THE_BUS = 160 * MIB;
const SIGNALS = 6000;
/** Each call of four is synced twice, one after the other. */
const HEARD_MS = 150_000;
const KILL_MS = 60_000;
const RESTART_MS = 300;
/** Below the investigator's limit for one file. */
const HEAVY_BYTES = 900_000;

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.remove();
  scene = undefined;
});

function inGroup(now: Scene, limitBytes: number): MemoryGroup {
  const group = new MemoryGroup(limitBytes);
  now.later(() => {
    group.remove();
  });
  return group;
}

describe.skipIf(noGroups !== undefined)("a memory limit", () => {
  test("ends an investigator in the middle of its work: it comes back, and what it had in hand is done once", async () => {
    scene = new Scene();
    const { house } = scene;
    const group = inGroup(scene, AMPLE);
    const investigator = house.daemon("investigation-consumer");
    investigator.start({ within: group.within });
    await scene.begin();
    investigator.send("SIGSTOP");
    for (let n = 0; n < 3; n++) {
      house.tree.add(`heavy_${String(n)}`);
      const text = "def work(value):\n    return [value, {'a': (1, 2)}]\n\n\n";
      writeFileSync(
        join(house.paths.source, `heavy_${String(n)}`, "one.py"),
        text.repeat(Math.floor(HEAVY_BYTES / text.length)),
      );
    }
    group.limit(group.usedBytes + ROOM);
    investigator.send("SIGCONT");
    await until("the kernel to end it", () => group.kills > 0, { limitMs: KILL_MS });
    await investigator.exited();
    expect(investigator.endedBy).toBe("SIGKILL");
    group.limit(AMPLE);
    const supervisor = new Supervisor([investigator], { delayMs: () => RESTART_MS });
    await scene.witness.hears(20);
    await supervisor.release();
    expect(supervisor.ownEnds).toEqual([]);
    await scene.comesOutRight();
  }, 400_000);

  test("is enough for a bus whose consumer stands still while thousands of signals arrive", async () => {
    scene = new Scene({ witnessPauseMs: 0 });
    const { house } = scene;
    const group = inGroup(scene, OF_THE_BUS);
    const bus = house.daemon("chemical-bus");
    bus.start({ within: group.within });
    await scene.begin();
    const { pid } = bus;
    house.daemon("investigation-consumer").send("SIGSTOP");
    await scene.witness.hears(SIGNALS, HEARD_MS);
    house.daemon("investigation-consumer").send("SIGCONT");
    await scene.comesOutRight();
    expect(group.kills).toBe(0);
    expect(bus.pid).toBe(pid);
  }, 500_000);
});
