import { describe, expect, test } from "bun:test";
import type { BusState } from "@kloros/bus-client";
import { trackProgress } from "./progress.ts";

function world(busAwayMaxMs: number) {
  const time = { now: 0 };
  const state: { bus: BusState; answers: boolean } = { bus: "connected", answers: true };
  let listener: ((state: BusState, why: string) => void) | undefined;
  const progress = trackProgress({
    clock: { wallMs: () => time.now, monotonicMs: () => time.now },
    busAwayMaxMs,
    bus: {
      get state() {
        return state.bus;
      },
      ping: async () => (state.answers ? Promise.resolve(1) : Promise.reject(new Error("no answer"))),
      onState: (given) => {
        listener = given;
        return () => undefined;
      },
    },
  });
  const become = (next: BusState): void => {
    state.bus = next;
    listener?.(next, "test");
  };
  return { time, state, progress, become };
}

describe("trackProgress()", () => {
  test("is proven while the bus answers and handlers keep their time", async () => {
    const { progress, time } = world(1000);
    const end = progress.begin("x", 5000);
    time.now = 5000;
    expect(await progress.prove()).toBeUndefined();
    end();
  });

  test("a handler beyond its limit is no progress, until it ends", async () => {
    const { progress, time } = world(1000);
    const end = progress.begin("the handler of Q_X 1", 5000);
    time.now = 15_001;
    expect(progress.last).toContain("the handler of Q_X 1");
    expect(await progress.prove()).toContain("beyond its time limit");
    end();
    expect(await progress.prove()).toBeUndefined();
  });

  test("a bus that is connected and does not answer is no progress", async () => {
    const { progress, state } = world(1000);
    state.answers = false;
    expect(await progress.prove()).toContain("does not answer");
  });

  test("a bus that is away is legitimate for its bound, or for ever when there is none", async () => {
    for (const [bound, late] of [
      [1000, true],
      [0, false],
    ] as const) {
      const { progress, time, become } = world(bound);
      time.now = 10;
      become("connecting");
      time.now = 1010;
      expect(await progress.prove()).toBeUndefined();
      time.now = 1_000_000;
      expect((await progress.prove()) !== undefined).toBe(late);
    }
  });
});
