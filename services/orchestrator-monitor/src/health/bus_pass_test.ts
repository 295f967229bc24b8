import { expect, test } from "bun:test";
import { openTestBus } from "@kloros/daemon/testing";
import type { ServiceContext } from "@kloros/daemon";
import { createBusPass } from "./bus_pass.ts";

type Bus = Pick<ServiceContext["bus"], "state" | "admin">;

/** A real bus whose status takes as long as the test says, and that counts what it is asked. */
function slowBus(statusMs: number) {
  const testBus = openTestBus();
  const bus = testBus.connect("orchestrator-monitor");
  let now = 0;
  const asked: string[] = [];
  const slow: Bus = {
    get state() {
      return bus.state;
    },
    admin: async (op, request) => {
      asked.push(op);
      const result = await bus.admin(op, request);
      if (op === "status") now += statusMs;
      return result;
    },
  };
  const clock = { wallMs: () => now, monotonicMs: () => now };
  return {
    bus: slow,
    clock,
    asked,
    advance: (ms: number) => void (now += ms),
    testBus,
    close: () => bus.close(),
  };
}

test("probes that look at the same time share one pass", async () => {
  const { bus, clock, asked, testBus } = slowBus(0);
  const books = createBusPass(bus, clock, 1000);
  const all = await Promise.all([books(), books(), books()]);
  expect(new Set(all).size).toBe(1);
  expect(asked).toEqual(["consumers", "status"]);
  await testBus.close();
});

test("a status that takes long is asked for less often, the consumers each time", async () => {
  const { bus, clock, asked, advance, testBus } = slowBus(1000);
  const books = createBusPass(bus, clock, 1000);
  for (let minute = 0; minute < 10; minute += 1) {
    await books();
    advance(60_000);
  }
  expect(asked.filter((op) => op === "consumers")).toHaveLength(10);
  expect(asked.filter((op) => op === "status")).toHaveLength(3);
  await testBus.close();
});

test("a bus that is away says nothing", async () => {
  const { bus, clock, testBus, close } = slowBus(0);
  const books = createBusPass(bus, clock, -1);
  expect(await books()).toBeDefined();
  await close();
  expect(await books()).toBeUndefined();
  await testBus.close();
});
