import { describe, expect, test } from "bun:test";
import type { Progress } from "../running/progress.ts";
import type { Supervisor } from "../supervisor.ts";
import { recordingLog } from "../testing.ts";
import { until } from "../testing/until.ts";
import { beat } from "./keep_supervised.ts";

function world(watchdogIntervalMs = 4) {
  const told: string[] = [];
  const state: { problem: string | undefined } = { problem: undefined };
  const supervisor: Supervisor = {
    present: true,
    watchdogIntervalMs,
    ready: () => undefined,
    status: () => undefined,
    watchdog: () => told.push("beat"),
    extendTimeout: () => undefined,
    reloading: () => undefined,
    stopping: () => undefined,
  };
  const progress: Progress = {
    begin: () => () => undefined,
    prove: async () => Promise.resolve(state.problem),
    tolerate: () => undefined,
    last: undefined,
  };
  return { told, state, supervisor, progress };
}

describe("beat()", () => {
  test("feeds the watchdog while progress is proven, stops when it is not, and goes on afterwards", async () => {
    const { told, state, supervisor, progress } = world();
    const { log, records } = recordingLog("x");
    const beating = beat(supervisor, progress, log);
    try {
      await until("beats", () => told.length >= 2);
      state.problem = "the handler of Q_X is beyond its time limit";
      await until("the warning", () => records.some((one) => one["problem"] === state.problem));
      const fed = told.length;
      await Bun.sleep(20);
      expect(told).toHaveLength(fed);
      expect(records).toHaveLength(1);
      state.problem = undefined;
      await until("beats again", () => told.length > fed);
      expect(records.at(-1)).toMatchObject({ msg: "progress again" });
    } finally {
      beating.stop();
    }
  });

  test("tries again well before the next beat what could not be proven once", async () => {
    const { told, supervisor, progress } = world(20_000);
    let proofs = 0;
    const failsOnce = async (): Promise<string | undefined> =>
      Promise.resolve((proofs += 1) === 1 ? "the bus does not answer" : undefined);
    const beating = beat(supervisor, { ...progress, prove: failsOnce }, recordingLog("x").log);
    try {
      await until("a beat", () => told.length === 1, { limitMs: 8000 });
    } finally {
      beating.stop();
    }
  });
});
