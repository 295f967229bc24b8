/** The files by which compiled daemons find each other are deleted or taken by somebody else: they are made again, under load. */
import { afterEach, expect, test } from "bun:test";
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { until } from "@kloros/bus-client/testing";
import { exitCode } from "@kloros/daemon";
import { DaemonProcess } from "../e2e/house/daemon_process.ts";
import { compiledPrograms } from "./house/compiled.ts";
import { Scene } from "./house/scene.ts";

const HEALED_MS = 60_000;

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.remove();
  scene = undefined;
});

const pathOf = (endpoint: string): string => endpoint.slice("ipc://".length);
const inode = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.ino;

test("the bus's sockets, deleted and then stolen by another process, are made again, and clients find them", async () => {
  scene = new Scene();
  await scene.begin();
  const { house, witness } = scene;
  const bus = house.daemon("chemical-bus");
  const paths = [pathOf(house.paths.busEndpoint), pathOf(house.paths.liveEndpoint)];
  for (const how of ["deleted", "stolen"] as const) {
    for (const path of paths) {
      if (how === "deleted") rmSync(path);
      else scene.later(await steal(path));
    }
    // New clients have to find the bus by its path.
    await house.daemon("capability-integrator").kill();
    await house.daemon("policy-engine").kill();
    house.start();
    // By what the bus says: the number of a file that is gone is given to the next one.
    const healed = (): number => bus.lines.filter((line) => line["what"] === how).length;
    await until(`the sockets that were ${how} to be made again`, () => healed() >= paths.length, {
      limitMs: HEALED_MS,
    });
    await house.ready();
    await witness.hears(20);
  }
  await scene.comesOutRight();
}, 400_000);

/** Another process listens there, from one moment to the next. */
async function steal(path: string): Promise<() => void> {
  const before = inode(path);
  const [beside, place] = [`${path}.thief`, path].map((one) => JSON.stringify(one)) as [string, string];
  const program = `Bun.listen({ unix: ${beside}, socket: { data: () => undefined } });
    require("node:fs").renameSync(${beside}, ${place});`;
  const thief = Bun.spawn([process.execPath, "-e", program], { stdio: ["ignore", "ignore", "ignore"] });
  await until("the thief to listen", () => inode(path) !== before);
  return () => {
    thief.kill("SIGKILL");
  };
}

test.each([["its content"], ["itself"]])(
  "a runtime directory of which %s is deleted is made anew by those who run, keeps second instances out, and nothing is lost",
  async (what) => {
    scene = new Scene();
    await scene.begin();
    const { house, witness } = scene;
    const { runtime } = house.paths;
    const names = readdirSync(runtime);
    if (what === "itself") rmSync(runtime, { recursive: true });
    else for (const name of names) rmSync(join(runtime, name), { recursive: true });
    const back = (): boolean => names.every((name) => inode(join(runtime, name)) !== undefined);
    await until("everybody's files to be back", back, { limitMs: HEALED_MS });
    const second = new DaemonProcess({
      service: "intent-router",
      paths: house.paths,
      compiled: compiledPrograms(),
    });
    second.start();
    expect(await second.exited()).toBe(exitCode("held"));
    await house.ready();
    await house.daemon("dream-consumer").kill();
    house.start();
    await house.ready();
    await witness.hears(20);
    await scene.comesOutRight();
  },
  400_000,
);
