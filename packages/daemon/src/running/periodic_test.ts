import { describe, expect, test } from "bun:test";
import { until } from "../testing/until.ts";
import { startPeriodic } from "./periodic.ts";

const quiet = { onError: () => undefined, onEnd: () => undefined };

describe("startPeriodic()", () => {
  test("runs at once and again after each end, never two at a time", async () => {
    let active = 0;
    let most = 0;
    let runs = 0;
    const periodic = startPeriodic(
      async () => {
        active += 1;
        most = Math.max(most, active);
        await Bun.sleep(2);
        active -= 1;
        runs += 1;
      },
      { intervalMs: 1, ...quiet },
    );
    for (let i = 0; i < 20; i += 1) periodic.trigger();
    await until("five runs", () => runs >= 5);
    await periodic.stop();
    expect(most).toBe(1);
  });

  test("trigger() runs it sooner; during a run it leads to one more", async () => {
    let runs = 0;
    const gate = Promise.withResolvers<void>();
    const periodic = startPeriodic(
      async () => {
        runs += 1;
        if (runs === 1) await gate.promise;
      },
      { intervalMs: 60_000, ...quiet },
    );
    await until("the first run", () => runs === 1);
    periodic.trigger();
    periodic.trigger();
    gate.resolve();
    await until("the second run", () => runs === 2);
    periodic.trigger();
    await until("the third run", () => runs === 3);
    await periodic.stop();
    periodic.trigger();
    expect(runs).toBe(3);
  });

  test("a failing run is reported and followed by the next; stop() waits for the run in progress", async () => {
    const errors: unknown[] = [];
    const ends: boolean[] = [];
    let finished = false;
    const periodic = startPeriodic(
      async () => {
        if (errors.length === 0) throw new Error("first");
        await Bun.sleep(10);
        finished = true;
      },
      { intervalMs: 1, onError: (error) => errors.push(error), onEnd: (ok) => ends.push(ok) },
    );
    await until("the failure", () => errors.length === 1);
    await Bun.sleep(5);
    await periodic.stop();
    expect(errors).toHaveLength(1);
    expect(ends[0]).toBe(false);
    expect(ends.length === 1 || finished).toBe(true);
  });
});
