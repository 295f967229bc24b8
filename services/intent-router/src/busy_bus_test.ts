import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { BusyError } from "@kloros/bus-client";
import type { Bus } from "@kloros/bus-client";
import { makeTestHome, openTestBus, startForTest } from "@kloros/daemon/testing";
import type { TestBus, TestHome, TestService } from "@kloros/daemon/testing";
import type { RouterConfig } from "./manifest.ts";
import { service } from "./mod.ts";
import { writeIntents } from "./testing.ts";

type Publish = Bus["publish"];

let testBus: TestBus;
let testHome: TestHome;
let running: TestService<RouterConfig> | undefined;

beforeEach(() => {
  testBus = openTestBus();
  testHome = makeTestHome();
  mkdirSync(testHome.paths.intents, { recursive: true });
});
afterEach(async () => {
  await running?.stop();
  await testBus.close();
  testHome.remove();
});

/** The real bus, but for what `publish` makes of it. */
function busWith(publish: (real: Publish, call: number) => Publish): Bus {
  const real = testBus.connect("intent-router");
  let call = 0;
  const changed: Publish = async (envelopes, options) => {
    call += 1;
    return publish(real.publish.bind(real), call)(envelopes, options);
  };
  return new Proxy(real, {
    get: (target, name) => {
      if (name === "publish") return changed;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

async function start(bus: Bus): Promise<void> {
  running = await startForTest(service, {
    testBus,
    testHome,
    bus,
    config: { scanIntervalMs: 50, quietMs: 50, rejectedIntervalMs: 50, batchFiles: 50 },
  });
}

function waiting(): number {
  return readdirSync(testHome.paths.intents).filter((name) => name.endsWith(".json")).length;
}

async function untilNoneWaits(): Promise<void> {
  const endMs = performance.now() + 15_000;
  while (waiting() > 0) {
    if (performance.now() > endMs) throw new Error(`${waiting()} intents still wait`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function stored(): Promise<readonly string[]> {
  const { items } = await testBus.connect("operator").read({ limit: 1000 });
  return items.map(({ envelope }) => String(envelope.facts["question_id"]));
}

test("a bus without room is waited for: every file stays until it is routed, in its order", async () => {
  const ids = writeIntents(testHome.paths.intents, 120);
  const full: Publish = async () => Promise.reject(new BusyError("no room"));
  await start(busWith((real, call) => (call <= 2 ? full : real)));
  await untilNoneWaits();
  expect(await stored()).toEqual([...ids]);
});

test("what the bus is too busy for stays, what it took goes", async () => {
  const ids = writeIntents(testHome.paths.intents, 60);
  const halfBusy =
    (real: Publish): Publish =>
    async (envelopes, options) => {
      const results = await real(envelopes.slice(0, -10), options);
      return [
        ...results,
        ...envelopes.slice(-10).map(() => ({ status: "busy", text: "disk full" }) as const),
      ];
    };
  await start(busWith((real, call) => (call === 1 ? halfBusy(real) : real)));
  await untilNoneWaits();
  expect([...(await stored())].toSorted()).toEqual([...ids].toSorted());
});

test("what the bus refuses for good is rejected, its neighbours are routed", async () => {
  writeIntents(testHome.paths.intents, 3);
  const refuse =
    (real: Publish): Publish =>
    async (envelopes, options) => {
      const isBad = (one: (typeof envelopes)[number]): boolean => one.facts["question_id"] === "backlog-1";
      const results = [
        ...(await real(
          envelopes.filter((one) => !isBad(one)),
          options,
        )),
      ];
      return envelopes.flatMap((one) =>
        isBad(one)
          ? [{ status: "invalid", code: "too_deep", text: "33 levels" } as const]
          : results.splice(0, 1),
      );
    };
  await start(busWith((real) => refuse(real)));
  await untilNoneWaits();
  expect([...(await stored())].toSorted()).toEqual(["backlog-0", "backlog-2"]);
  const rejected = readdirSync(testHome.paths.intentsRejected).filter((name) => name.endsWith(".json"));
  expect(rejected.length).toBe(1);
  expect(existsSync(join(testHome.paths.intentsRejected, `${rejected[0] ?? ""}.reason`))).toBe(true);
});

test("a bus that fails loses no file", async () => {
  const ids = writeIntents(testHome.paths.intents, 20);
  const broken: Publish = async () => Promise.reject(new Error("the session ended"));
  await start(busWith((real, call) => (call <= 2 ? broken : real)));
  await untilNoneWaits();
  expect(await stored()).toEqual([...ids]);
});
