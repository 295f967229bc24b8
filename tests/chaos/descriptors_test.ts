/**
 * File descriptors and clients beyond what there is room for: the bus keeps new clients out, says why, and lets them in when others
 * have gone; a service goes on when it can open files again.
 */
import { afterEach, expect, test } from "bun:test";
import { type Bus, connectBus } from "@kloros/bus-client";
import { until } from "@kloros/bus-client/testing";
import { healthSocketPath } from "@kloros/daemon";
import type { DaemonProcess } from "../e2e/house/daemon_process.ts";
import { Scene } from "./house/scene.ts";

/** The bus has 40 in use with everybody connected, and keeps a quarter free: some 150 of the crowd get in. */
const OF_THE_BUS = 256;
const CROWD = 240;
/** As many clients as it takes at once. */
const SESSIONS_MAX = 256;
/** The service has 22 in use. */
const OF_A_SERVICE = 32;
const LIMIT_MS = 60_000;

let scene: Scene | undefined;
const crowd: Bus[] = [];
afterEach(async () => {
  await leave();
  await scene?.remove();
  scene = undefined;
});

async function leave(): Promise<void> {
  await Promise.all(crowd.splice(0).map((one) => one.close()));
}

function startWithin(daemon: DaemonProcess, descriptors: number): void {
  daemon.start({ within: ["sh", "-c", `ulimit -n ${String(descriptors)}; exec "$0" "$@"`] });
}

async function come(now: Scene, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    crowd.push(connectBus({ endpoint: now.house.paths.busEndpoint, service: "operator" }));
    // A crowd that comes in an instant, faster than the bus looks, can have it all.
    await Bun.sleep(20);
  }
}

const inside = (): number => crowd.filter(({ state }) => state === "connected").length;

test("a bus with few file descriptors keeps the crowd out, works on for those who are inside, and lets in when some go", async () => {
  scene = new Scene();
  const { house } = scene;
  const bus = house.daemon("chemical-bus");
  startWithin(bus, OF_THE_BUS);
  await scene.begin();
  const { pid } = bus;
  await come(scene, CROWD);
  const reason = async (): Promise<string | undefined> => (await bus.readiness())?.reasons["endpoints"];
  expect(await until("the bus to say why", reason, { limitMs: LIMIT_MS })).toContain("raise the limit");
  expect(inside()).toBeLessThan(CROWD);
  await scene.witness.hears(20);
  await leave();
  await bus.ready();
  await come(scene, 1);
  await until("a new client to be let in", () => inside() === 1, { limitMs: LIMIT_MS });
  await leave();
  expect(bus.pid).toBe(pid);
  await scene.comesOutRight();
}, 400_000);

test("clients beyond the bus's limit are told so, and let in when others go", async () => {
  scene = new Scene();
  await scene.begin();
  const bus = scene.house.daemon("chemical-bus");
  const { pid } = bus;
  await come(scene, SESSIONS_MAX + 20);
  const refusal = `${String(SESSIONS_MAX)} clients are connected, no more are taken`;
  const told = (): boolean => bus.lines.some(({ text }) => text === refusal);
  await until("somebody to be refused", told, { limitMs: LIMIT_MS });
  await scene.witness.hears(20);
  await leave();
  await come(scene, 1);
  await until("a new client to be let in", () => inside() === 1, { limitMs: LIMIT_MS });
  await leave();
  expect(bus.pid).toBe(pid);
  await scene.comesOutRight();
}, 400_000);

test("a service whose file descriptors are taken by those who ask for its health goes on when they are gone", async () => {
  scene = new Scene();
  const { house } = scene;
  const service = house.daemon("investigation-consumer");
  startWithin(service, OF_A_SERVICE);
  await scene.begin();
  const { pid } = service;
  const path = healthSocketPath(house.paths, service.service);
  const askers = await Promise.all(
    Array.from({ length: OF_A_SERVICE }, () =>
      Bun.connect({ unix: path, socket: { data: () => undefined } }).catch(() => undefined),
    ),
  );
  await until("the service to say so", () => /EMFILE|too many open files/i.test(service.lastWords(200)), {
    limitMs: LIMIT_MS,
  });
  for (const asker of askers) asker?.end();
  await scene.witness.hears(20);
  expect(service.pid).toBe(pid);
  await scene.comesOutRight();
}, 400_000);
