import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { CRASH_POINTS } from "@kloros/daemon";
import { makeTestHome, openTestBus } from "@kloros/daemon/testing";
import type { TestHome } from "@kloros/daemon/testing";
import type { Envelope } from "@kloros/signal-schema";
import { openDecisions } from "./decisions/open_decisions.ts";
import { promotions } from "./testing/rule_bench.ts";

let home: TestHome;
let journal: string;
beforeEach(() => {
  home = makeTestHome();
  journal = join(home.home, "state", "journal.db");
});
afterEach(() => home.remove());

async function runEngine(env: Readonly<Record<string, string>> = {}): Promise<string> {
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "fixtures/engine_child.ts"), home.home, journal],
    {
      env: { PATH: process.env["PATH"] ?? "", ...env },
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const [said, wrong] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  await child.exited;
  return child.signalCode === null ? said.trim() || wrong : String(child.signalCode);
}

async function onBus<T>(task: (bus: ReturnType<typeof openTestBus>) => Promise<T>): Promise<T> {
  const bus = openTestBus({ path: journal });
  try {
    return await task(bus);
  } finally {
    await bus.close();
  }
}

function publish(...signals: Envelope[]): Promise<unknown> {
  return onBus(async (bus) => bus.connect("orchestrator-monitor").publish(signals));
}

function triggers(): Promise<readonly Envelope[]> {
  return onBus(async (bus) => {
    const { items } = await bus.connect("cli").read({ signals: ["Q_DREAM_TRIGGER"] });
    return items.map(({ envelope }) => envelope);
  });
}

describe("an engine that is killed", () => {
  const points = Object.keys(CRASH_POINTS).filter((name) => name.startsWith("policy."));
  test.each(points)("at %s fires once, and its decision is told once", async (point) => {
    const signal = promotions(["a@1"], { atMs: Date.now() });
    await publish(signal);
    expect(await runEngine({ KLOROS_CRASH_AT: point })).toBe("SIGKILL");
    expect(await triggers()).toEqual([]);
    expect(await runEngine()).toBe("IDLE");
    const [trigger, ...more] = await triggers();
    expect(more).toEqual([]);
    expect(trigger?.cause).toBe(signal.id);
    const decisions = openDecisions(home.paths);
    expect(decisions.bySignal(signal.id).map(({ outcome, triggerId }) => [outcome, triggerId])).toEqual([
      ["fired", trigger?.id],
    ]);
    decisions.close();
  });

  test("tells of no trigger that never was, when a newer advisory took the place of the one it was killed at", async () => {
    const lost = promotions(["a@1"], { atMs: Date.now() });
    await publish(lost);
    expect(await runEngine({ KLOROS_CRASH_AT: "policy.recorded" })).toBe("SIGKILL");
    await publish(promotions(["a@1"], { atMs: Date.now() }));
    expect(await runEngine()).toBe("IDLE");
    const emitted = (await triggers()).map(({ id }) => id);
    const decisions = openDecisions(home.paths);
    const told = decisions.emitting("Q_DREAM_TRIGGER").records.filter(({ outcome }) => outcome === "fired");
    expect(told.map(({ triggerId }) => triggerId)).toEqual(emitted);
    expect(decisions.bySignal(lost.id)).toEqual([]);
    decisions.close();
  });

  test("knows at its next start what cools down and what runs", async () => {
    await publish(promotions(["a@1"], { atMs: Date.now() }));
    expect(await runEngine()).toBe("IDLE");
    const again = promotions(["a@1", "b@1"], { atMs: Date.now() });
    await publish(again);
    expect(await runEngine()).toBe("IDLE");
    expect(await triggers()).toHaveLength(1);
    const decisions = openDecisions(home.paths);
    expect(decisions.bySignal(again.id)[0]).toMatchObject({
      outcome: "held",
      control: "singleton",
      subjects: ["b@1"],
      cooling: [{ subject: "a@1" }],
    });
    decisions.close();
  });
});
