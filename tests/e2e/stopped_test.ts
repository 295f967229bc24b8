/**
 * Processes that stand still (SIGSTOP, a suspended machine) and go on: no effect is doubled, and who comes too late is told that
 * its work is not its own any more. The contract suite does the same with short limits; here it is the real services' own.
 */
import { afterEach, expect, test } from "bun:test";
import { connectBus } from "@kloros/bus-client";
import { Inbox, until } from "@kloros/bus-client/testing";
import { ModuleIntegrated } from "@kloros/signal-schema";
import { checkFlow } from "./flow/check_flow.ts";
import { FlowHarness, type ServiceName } from "./flow/flow_harness.ts";
import { readLeftBehind } from "./flow/left_behind.ts";
import { startSecond, stopInWork } from "./flow/stop_in_work.ts";

const FULL = process.env["KLOROS_FULL"] === "1";
/** Clients give a silent bus up after 5 s; leases of the real services last 30 s. */
const BUS_STOP_MS = FULL ? 35_000 : 7000;
const LEASE_STOP_MS = 33_000;
const CONSUMERS = [
  "investigation-consumer",
  "semantic-dedup",
  "capability-integrator",
  "orchestrator-monitor",
] as const satisfies readonly ServiceName[];

let flow: FlowHarness | undefined;
afterEach(async () => {
  await flow?.remove();
  flow = undefined;
});

test("a bus that stood still for longer than leases and its clients' patience goes on as if nothing had been", async () => {
  flow = new FlowHarness({ modules: 30, seed: 3 });
  flow.start();
  await flow.ready();
  const inbox = new Inbox();
  const quick = connectBus({ endpoint: flow.paths.busEndpoint, service: "policy-engine" });
  await quick.consume(
    {
      name: "policy-engine",
      signals: [ModuleIntegrated.name],
      start: { from: "earliest" },
      leaseMs: 1000,
      concurrency: 4,
      onSettled: inbox.onSettled,
    },
    inbox.handler(async () => {
      await Bun.sleep(30);
      return undefined;
    }),
  );
  await inbox.receives(5, 60_000);
  for (let n = 0; n < 5; n++) flow.tree.add(`before_${String(n)}`, { bare: n % 2 === 0 });
  const bus = flow.daemon("chemical-bus");
  bus.send("SIGSTOP");
  for (let n = 0; n < 5; n++) flow.tree.add(`meanwhile_${String(n)}`);
  await Bun.sleep(BUS_STOP_MS);
  bus.send("SIGCONT");
  await flow.settle();
  await quick.close();
  await flow.stop();
  const left = readLeftBehind(flow.paths);
  expect(checkFlow(left, flow)).toEqual([]);
  // Told done, or gone where the answer to its commit was lost with the session; handled once either way.
  expect(inbox.deliveries.map(({ seq }) => seq)).toHaveLength(flow.tree.expected.size);
  expect(new Set(inbox.deliveries.map(({ seq }) => seq)).size).toBe(flow.tree.expected.size);
}, 120_000);

test("an integrator that stood still in its work is displaced by another one, and is told", async () => {
  flow = new FlowHarness({ modules: 4, seed: 4 });
  flow.start();
  await flow.settle();
  await stopInWork(flow, ["capability-integrator"]);
  const first = flow.daemon("capability-integrator");
  const second = await startSecond(flow, first);
  try {
    await flow.settle();
    first.send("SIGCONT");
    await until("the late one to be told", () => first.lines.some((line) => line["outcome"] === "gone"));
    await until("the late one to give way", () => !first.running);
    await first.exited();
    expect(first.lastWords()).toContain("is held by capability-integrator");
    await flow.settle();
  } finally {
    await second.end();
  }
  await flow.stop();
  expect(checkFlow(readLeftBehind(flow.paths), flow)).toEqual([]);
}, 120_000);

test.skipIf(!FULL)(
  "consumers that stood still beyond their leases are told, and their work is done once",
  async () => {
    flow = new FlowHarness({ modules: 4, seed: 5 });
    flow.start();
    await flow.settle();
    await stopInWork(flow, CONSUMERS);
    await Bun.sleep(LEASE_STOP_MS);
    for (const name of CONSUMERS) flow.daemon(name).send("SIGCONT");
    await flow.settle();
    const { lines } = flow.daemon("capability-integrator");
    expect(lines.filter((line) => line["outcome"] === "gone").length).toBeGreaterThan(0);
    await flow.stop();
    expect(checkFlow(readLeftBehind(flow.paths), flow)).toEqual([]);
  },
  180_000,
);
