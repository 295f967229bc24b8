/** Processes that die or stand still while signals flow: nothing is lost, nothing is doubled. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Inbox, answer, question, until } from "@kloros/bus-client/testing";
import { CuriosityInvestigate } from "@kloros/signal-schema";
import { BusHarness } from "./bus_harness.ts";
import { ConsumerHarness } from "./consumer_harness.ts";
import type { ConsumerProgramOptions } from "./consumer_process.ts";
import { openOf, readLedger } from "./ledger.ts";

const WORKER = "investigation-consumer";
/** Shorter than in earnest, so that the tests need not wait: the bus gives up on who is silent, clients on a silent bus. */
const QUICK_BUS = { silenceMs: 600, returnMs: 400 };
const QUICK = { silenceMs: 800, pingMs: 100, backoffMaxMs: 200 };
/** Not over before a test that was kept waiting stops the process; aborted when the lease is gone. */
const LONG_WORK_MS = 10_000;

let bus: BusHarness;
const consumers: ConsumerHarness[] = [];

function startConsumer(options: ConsumerProgramOptions = {}): ConsumerHarness {
  const consumer = new ConsumerHarness(bus.endpoint, { timing: QUICK, ...options });
  consumers.push(consumer);
  return consumer;
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `q${String(index)}`);

beforeEach(async () => {
  bus = new BusHarness(QUICK_BUS);
  await bus.start();
});
afterEach(async () => {
  await Promise.all(consumers.splice(0).map((consumer) => consumer.end()));
  await bus.close();
});

describe("kill -9", () => {
  test("of the bus while signals are published and worked on loses and doubles nothing", async () => {
    const inbox = new Inbox();
    const worker = bus.connect(WORKER, { timing: QUICK });
    await worker.consume(
      {
        name: WORKER,
        signals: [CuriosityInvestigate.name],
        start: { from: "earliest" },
        concurrency: 20,
        prefetch: 50,
        onSettled: inbox.onSettled,
      },
      inbox.handler(({ signal }) => ({ emit: [answer(signal)] })),
    );
    const publisher = bus.connect("curiosity-core", { timing: QUICK });
    const wanted = names(3000);
    const calls: Promise<unknown>[] = [];
    for (const [index, name] of wanted.entries()) {
      calls.push(publisher.publish([question(name)]));
      if (index % 25 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      if (index % 700 === 600) {
        await bus.end("kill -9");
        await bus.start();
      }
    }
    const results = (await Promise.all(calls)).flat() as { status: string }[];
    expect(
      new Set(results.map((result) => result.status)).difference(new Set(["stored", "duplicate"])).size,
    ).toBe(0);
    await until("all to be worked on", async () => (await openOf(publisher, WORKER)) === 0);
    const { questions, answers } = await readLedger(publisher);
    expect(questions).toEqual(wanted);
    expect(answers.toSorted()).toEqual(wanted.toSorted());
  }, 60_000);

  test("of a consumer hands its work to its successor at once, each answer once", async () => {
    const publisher = bus.connect("curiosity-core");
    const wanted = names(60);
    await publisher.publish(wanted.map((name) => question(name)));
    const first = startConsumer({ workMs: 10, consume: { concurrency: 4, prefetch: 4 } });
    await first.tells({ event: "settled" }, 10);
    await first.end("SIGKILL");
    const second = startConsumer({ consume: { concurrency: 4 } });
    await second.tells({ event: "ready" });
    expect(second.count({ event: "refused" })).toBe(0);
    await until("all to be worked on", async () => (await openOf(publisher, WORKER)) === 0);
    expect((await readLedger(publisher)).answers.toSorted()).toEqual(wanted.toSorted());
  }, 60_000);
});

describe("SIGSTOP", () => {
  test("of the bus for longer than its clients wait makes them come back with their leases", async () => {
    const inbox = new Inbox();
    const worker = bus.connect(WORKER, { timing: QUICK });
    const gate = Promise.withResolvers<void>();
    await worker.consume(
      {
        name: WORKER,
        signals: [CuriosityInvestigate.name],
        start: { from: "earliest" },
        leaseMs: 500,
        onSettled: inbox.onSettled,
      },
      inbox.handler(async ({ signal }) => {
        await gate.promise;
        return { emit: [answer(signal)] };
      }),
    );
    const publisher = bus.connect("curiosity-core", { timing: QUICK });
    await publisher.publish([question("a")]);
    await inbox.receives(1);
    bus.pause();
    await until("the worker to give up", () => worker.state === "connecting");
    const late = publisher.publish([question("b")]);
    gate.resolve();
    await until("the publisher to give up", () => publisher.state === "connecting");
    bus.resume();
    expect((await late).map((result) => result.status)).toEqual([
      expect.stringMatching(/stored|duplicate/) as unknown as "stored",
    ]);
    await until("both to be worked on", async () => (await openOf(publisher, WORKER)) === 0);
    expect(inbox.keys).toEqual(["a", "b"]);
    expect(inbox.outcomes).toEqual(["done", "done"]);
    expect(await readLedger(publisher)).toEqual({ questions: ["a", "b"], answers: ["a", "b"] });
  }, 60_000);

  test("of a consumer beyond its lease: another one takes over, and the late one is told", async () => {
    const publisher = bus.connect("curiosity-core");
    const first = startConsumer({ workMs: LONG_WORK_MS, consume: { leaseMs: 300 } });
    await publisher.publish([question("a")]);
    await first.tells({ event: "given" });
    first.send("SIGSTOP");
    const second = startConsumer({ consume: { leaseMs: 300 } });
    await until(
      "the bus to give up on the first one",
      () => second.count({ event: "refused" }) + second.count({ event: "ready" }) > 0,
    );
    const third = second.count({ event: "ready" }) > 0 ? second : await retryUntilReady();
    await third.tells({ event: "settled", outcome: "done" });
    first.send("SIGCONT");
    await first.tells({ event: "settled", outcome: "gone" });
    expect(first.count({ event: "settled", outcome: "done" })).toBe(0);
    expect((await readLedger(publisher)).answers).toEqual(["a"]);
  }, 60_000);

  test("of a consumer beyond its lease, alone: it is told, does the work again, and answers once", async () => {
    const publisher = bus.connect("curiosity-core");
    const consumer = startConsumer({ firstWorkMs: LONG_WORK_MS, consume: { leaseMs: 200 } });
    await publisher.publish([question("a")]);
    await consumer.tells({ event: "given" });
    consumer.send("SIGSTOP");
    await Bun.sleep(1500);
    consumer.send("SIGCONT");
    await consumer.tells({ event: "settled", outcome: "gone" });
    await consumer.tells({ event: "settled", outcome: "done" });
    expect(consumer.count({ event: "settled", outcome: "done" })).toBe(1);
    expect((await readLedger(publisher)).answers).toEqual(["a"]);
  }, 60_000);
});

describe("a bus that is restarted in order", () => {
  test("says good-bye, and its clients go on with the next one", async () => {
    const publisher = bus.connect("curiosity-core", { timing: QUICK });
    await publisher.publish([question("a")]);
    const why: string[] = [];
    publisher.onState((state, reason) => why.push(`${state}: ${reason}`));
    await bus.end("in order");
    await until("the client to notice", () => publisher.state === "connecting");
    const waiting = publisher.publish([question("b")]);
    await bus.start();
    // A duplicate was said again because the first answer was slow.
    expect((await waiting)[0]?.status).toMatch(/stored|duplicate/);
    expect(why[0]).toContain("good-bye");
  });
});

describe("a second instance in another process", () => {
  test("is refused with the pid of the first", async () => {
    // With the limits and times in earnest: one that has to wait for a processor is not displaced as silent.
    await bus.close();
    bus = new BusHarness();
    await bus.start();
    const first = startConsumer({ timing: {} });
    await first.tells({ event: "ready" });
    const second = startConsumer({ timing: {} });
    await second.tells({ event: "refused" });
    const refusal = second.told.find(({ event }) => event === "refused");
    expect(refusal).toMatchObject({ code: "consumer_held", holderPid: first.pid });
  });
});

async function retryUntilReady(): Promise<ConsumerHarness> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const next = startConsumer({ consume: { leaseMs: 300 } });
    await until("an answer", () => next.count({ event: "refused" }) + next.count({ event: "ready" }) > 0);
    if (next.count({ event: "ready" }) > 0) return next;
  }
  throw new Error("the consumer was never free");
}
