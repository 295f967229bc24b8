import { afterEach, describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import {
  createRoot,
  CuriosityInvestigate,
  deriveId,
  type Envelope,
  InvestigationComplete,
  type SignalDefinition,
} from "@kloros/signal-schema";
import { DeniedError, TerminalError } from "@kloros/bus-client";
import { openTestBus, startForTest, type TestBus, type TestService } from "../testing.ts";
import { rejection } from "../testing/rejection.ts";
import { until } from "../testing/until.ts";
import type { Service, ServiceContext } from "../types.ts";

const config = Type.Object({ limit: Type.Integer({ default: 7, description: "Some limit." }) });
type Config = typeof config;

function worker(
  start: (context: ServiceContext<Config>) => Promise<void | (() => Promise<void>)>,
): Service<Config> {
  return {
    manifest: {
      name: "investigation-consumer",
      purpose: "For tests.",
      consumes: [CuriosityInvestigate],
      emits: [InvestigationComplete],
      config,
      decisions: [],
      reads: [],
      writes: [],
    },
    start,
  };
}

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

async function started(
  start: Parameters<typeof worker>[0],
  options: Parameters<typeof startForTest<Config>>[1] = {},
): Promise<TestService<Config>> {
  const service = await startForTest(worker(start), options);
  open.push({ stop: async () => service.stop(0) });
  return service;
}

function example(definition: SignalDefinition, id: string): Envelope {
  const facts = { ...definition.examples[0], question_id: id } as never;
  return createRoot(definition, facts, { source: "curiosity-core", nowMs: Date.now() });
}

async function ask(bus: TestBus, id: string): Promise<Envelope> {
  const question = example(CuriosityInvestigate, id);
  const [result] = await bus.connect("curiosity-core").publish([question]);
  expect(result?.status === "stored" || result?.status === "announced").toBe(true);
  return question;
}

const answerFacts = { ...(InvestigationComplete.examples[0] as object) } as never;
const EARLIEST = { signals: [CuriosityInvestigate], start: { from: "earliest" } } as const;

describe("a service over a local bus", () => {
  test("what it emits is stored with a derived id, logged and counted", async () => {
    const service = await started(async (context) => {
      await context.consume(EARLIEST, async (delivery) =>
        Promise.resolve({ emit: [context.child(delivery, InvestigationComplete, answerFacts)] }),
      );
    });
    const question = await ask(service.testBus, "q1");
    const reader = service.testBus.connect("operator");
    const page = await until("the answer", async () => {
      const found = await reader.read({ signals: [InvestigationComplete.name] });
      return found.items.length > 0 && found;
    });
    const answer = page.items[0]?.envelope;
    expect(answer?.id).toBe(deriveId(question.id, "investigation-consumer", InvestigationComplete.name));
    expect(answer).toMatchObject({
      source: "investigation-consumer",
      cause: question.id,
      trace: question.id,
      hops: 1,
    });
    await until("the log", () => service.records.find((one) => one["msg"] === "emitted"));
    const told = service.records.filter((one) => one["level"] === "info").map((one) => one["msg"]);
    for (const what of ["received", "settled", "emitted"]) expect(told).toContain(what);
    const text = service.health.metrics();
    expect(text).toContain('kloros_signals_received_total{signal="Q_CURIOSITY_INVESTIGATE"} 1\n');
    expect(text).toContain(
      'kloros_signals_settled_total{signal="Q_CURIOSITY_INVESTIGATE",outcome="done"} 1\n',
    );
    expect(text).toContain('kloros_signals_emitted_total{signal="Q_INVESTIGATION_COMPLETE"} 1\n');
    expect(text).toContain("kloros_bus_connected 1\n");
  });

  test("a failing handler is logged with its error and its outcome", async () => {
    const service = await started(async (context) => {
      await context.consume(EARLIEST, async () =>
        Promise.reject(new TerminalError("no_use", "it cannot work")),
      );
    });
    await ask(service.testBus, "q1");
    const record = await until("the warning", () => service.records.find((one) => one["level"] === "warn"));
    expect(record).toMatchObject({ msg: "settled", outcome: "dead", error: { code: "no_use" } });
  });

  test("a root with a key has the same id each time; publishing it twice stores it once", async () => {
    const service = await started(async () => Promise.resolve());
    const make = () =>
      service.context.root(InvestigationComplete, answerFacts, { idKey: "k", timestampMs: 5 });
    expect(make()).toEqual(make());
    await service.context.publish([make()]);
    await service.context.publish([make()]);
    const { items } = await service.testBus.connect("operator").read({});
    expect(items).toHaveLength(1);
  });

  test("it gets its configuration, with defaults", async () => {
    const service = await started(async () => Promise.resolve(), { config: { limit: 9 } });
    expect(service.context.config.limit).toBe(9);
  });

  test("a start that fails is told, and nothing stays open", async () => {
    const failing = startForTest(worker(async () => Promise.reject(new Error("no parser"))));
    expect(String(await rejection(failing))).toContain("no parser");
  });

  test("a consumer that the bus refuses fails the start, also when the service does not wait for it", async () => {
    const testBus = openTestBus();
    open.push({ stop: async () => testBus.close() });
    const other = testBus.connect("investigation-consumer");
    const name = "investigation-consumer";
    await other.consume({ name, signals: [CuriosityInvestigate.name], start: { from: "now" } }, async () =>
      Promise.resolve(undefined),
    );
    const failing = startForTest(
      worker(async (context) => {
        context
          .consume({ ...EARLIEST, signals: [] }, async () => Promise.resolve(undefined))
          .catch(() => undefined);
        return Promise.resolve();
      }),
      { testBus },
    );
    expect(await rejection(failing)).toBeInstanceOf(DeniedError);
  });
});

describe("stop()", () => {
  test("waits for the work in progress, then runs the service's clean-up", async () => {
    const order: string[] = [];
    const service = await startForTest(
      worker(async (context) => {
        await context.consume(EARLIEST, async () => {
          order.push("begun");
          await Bun.sleep(30);
          order.push("done");
          return undefined;
        });
        return async () => {
          order.push("cleaned");
          return Promise.resolve();
        };
      }),
    );
    await ask(service.testBus, "q1");
    await until("work", () => order.length === 1);
    await service.stop(5000);
    expect(order).toEqual(["begun", "done", "cleaned"]);
    expect(service.context.stopping.aborted).toBe(true);
  });

  test.each([
    ["outlasts the grace", 20],
    ["gives way to the stop long before", 60_000],
  ])("hands back what %s: the next instance gets it, with no attempt counted", async (_, graceMs) => {
    const testBus = openTestBus();
    open.push({ stop: async () => testBus.close() });
    let begun = false;
    const first = await startForTest(
      worker(async (context) => {
        await context.consume(EARLIEST, async (delivery) => {
          begun = true;
          const end = graceMs < 1000 ? delivery.abort : context.stopping;
          await new Promise((resolve) => end.addEventListener("abort", resolve));
          context.stopping.throwIfAborted();
          return undefined;
        });
      }),
      { testBus },
    );
    await ask(testBus, "q1");
    await until("work", () => begun);
    await first.stop(graceMs);
    const attempts: number[] = [];
    await started(
      async (context) => {
        await context.consume(EARLIEST, async (delivery) => {
          attempts.push(delivery.attempt);
          return Promise.resolve(undefined);
        });
      },
      { testBus },
    );
    await until("the redelivery", () => attempts.length > 0);
    expect(attempts).toEqual([1]);
  });

  test("ends also when neither the work nor the clean-up ever does", async () => {
    let isRunning = false;
    const service = await started(async (context) => {
      context.every("for ever", 60_000, async () => {
        isRunning = true;
        return new Promise(() => undefined);
      });
      return Promise.resolve(async () => new Promise<void>(() => undefined));
    });
    await until("the task", () => isRunning);
    await service.stop(50);
    const said = service.records.map((one) => one["msg"]);
    expect(said).toContain("work in progress did not end within the grace; it is handed back");
    expect(said).toContain("the service's own clean-up did not end in time");
  }, 60_000);
});

describe("observe mode", () => {
  test("the handler runs on the live feed; what it emits is shown as dry, nothing is stored or taken", async () => {
    const seen: string[] = [];
    const service = await started(
      async (context) => {
        await context.consume({ ...EARLIEST, stateKey: "" }, async (delivery) => {
          seen.push(delivery.signal.id);
          await delivery.savePlan({ kind: "x" });
          const count = Number(delivery.state ?? 0) + 1;
          await context.publish([context.root(InvestigationComplete, answerFacts)]);
          return {
            emit: [context.child(delivery, InvestigationComplete, answerFacts, String(count))],
            state: count,
          };
        });
      },
      { mode: "observe" },
    );
    const shown: unknown[] = [];
    const watcher = service.testBus.connect("operator");
    await watcher.tap({ signals: [InvestigationComplete.name] }, (signal) => shown.push(signal["dry"]));
    await ask(service.testBus, "q1");
    await ask(service.testBus, "q2");
    await until(
      "both",
      () => service.metrics.value("signals_dry_total", { signal: InvestigationComplete.name }) === 4,
    );
    expect(seen).toHaveLength(2);
    expect(service.records.filter((one) => one["dry"] === true && one["msg"] === "dry")).toHaveLength(4);
    await until("the live feed", () => shown.length === 4);
    expect(service.health.about()).toMatchObject({ status: expect.stringMatching(/^last \d+ s ago$/) });
    expect(shown).toEqual([true, true, true, true]);
    expect((await watcher.read({ signals: [InvestigationComplete.name] })).items).toHaveLength(0);
    expect(await watcher.admin("consumers", {})).toHaveLength(0);
  });

  test("what changes the bus is refused", async () => {
    const service = await started(async () => Promise.resolve(), { mode: "observe" });
    const { bus } = service.context;
    expect(String(await rejection(bus.admin("removeConsumer", { name: "x" })))).toContain("observe mode");
    expect(await bus.admin("consumers", {})).toEqual([]);
  });
});

describe("health", () => {
  test("a check's reason stands in both answers; the name of a task that fails is counted", async () => {
    let reason: string | undefined = "the disk is full";
    const service = await started(async (context) => {
      context.health("disk", () => reason);
      context.every("scan", 60_000, async () => Promise.reject(new Error("x")));
      context.status("scanning");
      return Promise.resolve();
    });
    expect(service.health.healthz()).toEqual({ disk: "the disk is full" });
    expect(service.health.readyz()).toEqual({ disk: "the disk is full" });
    reason = undefined;
    expect(service.health.readyz()).toEqual({});
    await until(
      "the run",
      () => service.metrics.value("task_runs_total", { task: "scan", outcome: "failed" }) === 1,
    );
    expect(service.health.about()).toMatchObject({ service: "investigation-consumer", status: "scanning" });
  });
});

describe("the bus itself", () => {
  test("has no bus to talk to, and says so", async () => {
    const service = await startForTest({ ...worker(async () => Promise.resolve()), kind: "bus" });
    open.push({ stop: async () => service.stop() });
    expect(() => service.context.bus.state).toThrow("is the bus itself");
    expect(service.health.readyz()).toEqual({});
  });
});
