import { expect, test } from "bun:test";
import { brokenInvariants } from "@kloros/journal/testing";
import { CuriosityInvestigate, createRoot, deriveRootId } from "@kloros/signal-schema";
import { SimBus } from "./bus/sim_bus.ts";
import { Machine } from "./machine/machine.ts";
import type { Program } from "./machine/process.ts";

const SIGNALS = 20;
const ROUTER = "intent-router";
const WORKER = "investigation-consumer";

const publish: Program = async (process) => {
  const bus = process.connect(ROUTER);
  for (let n = 0; n < SIGNALS; n++) {
    const facts = {
      question: "?",
      question_id: `question ${String(n)}`,
      priority: "normal" as const,
      evidence: [],
    };
    const id = deriveRootId(1_763_856_000_000, String(n));
    await bus.publish([
      createRoot(CuriosityInvestigate, facts, { source: ROUTER, nowMs: 1_763_856_000_000, id }),
    ]);
  }
};

function day(seed: number, kill: boolean) {
  const machine = new Machine({ seed });
  const bus = new SimBus(machine);
  const done = new Set<string>();
  machine.start(ROUTER, publish);
  machine.start(WORKER, async (process) => {
    await process.connect(WORKER).consume(
      {
        name: WORKER,
        signals: [CuriosityInvestigate.name],
        start: { from: "earliest" },
        concurrency: 3,
        leaseMs: 2000,
      },
      async ({ signal }) => {
        await process.disk.append("done.log", `${signal.id}\n`);
        done.add(signal.id);
        return undefined;
      },
    );
  });
  if (kill) {
    for (const name of ["chemical-bus", ROUTER, WORKER, "chemical-bus"]) {
      machine.runFor(110);
      machine.kill(name);
    }
  }
  const all = machine.runUntil(() => done.size === SIGNALS, 60_000);
  const broken = brokenInvariants(bus.journal.handle);
  bus.journal.close();
  return { all, broken, hash: machine.hash };
}

test("what is published reaches its consumer over simulated frames", () => {
  expect(day(1, false)).toMatchObject({ all: true, broken: [] });
});

test("it does so when bus, publisher and consumer are killed", () => {
  expect(day(2, true)).toMatchObject({ all: true, broken: [] });
});

test("the same seed is the same run, another seed another one", () => {
  const { hash } = day(3, true);
  expect(day(3, true).hash).toBe(hash);
  expect(day(4, true).hash).not.toBe(hash);
});
