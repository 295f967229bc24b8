import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { gpuProbe } from "./gpu.ts";
import { loadProbe } from "./load.ts";
import { memoryProbe } from "./memory.ts";
import type { Probe } from "./probe.ts";
import { swapProbe } from "./swap.ts";
import { healthSettings, openWatchPost, storyOf, type WatchPost } from "./testing/watch_post.ts";

let post: WatchPost;
beforeEach(() => {
  post = openWatchPost();
});
afterEach(() => post.remove());

const settings = healthSettings();
const GIB = 1024 ** 3;

/** What the alerts say when the readings come one a minute. */
async function storyFor<T>(
  make: (read: () => T) => Probe,
  readings: readonly T[],
): Promise<readonly string[]> {
  let n = 0;
  const check = post.check(
    make(() => {
      const reading = readings[n];
      if (reading === undefined) throw new Error("no more readings");
      return reading;
    }),
  );
  for (n = 0; n < readings.length; n += 1) {
    await check.look();
    post.clock.advance(60_000);
  }
  return storyOf(await post.alerts());
}

const share = (percent: number) => Promise.resolve({ usedBytes: percent * GIB, totalBytes: 100 * GIB });

describe("memory", () => {
  const probe = (read: () => ReturnType<typeof share>) => memoryProbe(settings, read);

  test("above 85 % is an alert when it lasts, and over when there is room again", async () => {
    const story = await storyFor(probe, [40, 86, 40, 86, 87, 84, 86, 84, 70, 70, 86].map(share));
    expect(story).toEqual(["raised warning memory", "cleared info memory"]);
  });

  test("in use up to 85 % is fine", async () => {
    expect(await storyFor(probe, [85, 85, 85].map(share))).toEqual([]);
  });
});

describe("swap", () => {
  const probe = (read: () => ReturnType<typeof share>) => swapProbe(settings, read);

  test("above 50 % is an alert", async () => {
    expect(await storyFor(probe, [10, 51, 60, 30, 30].map(share))).toEqual([
      "raised warning swap",
      "cleared info swap",
    ]);
  });

  test("that is not configured is fine, also where it was taken away", async () => {
    const none = Promise.resolve({ usedBytes: 0, totalBytes: 0 });
    expect(await storyFor(probe, [none, none])).toEqual([]);
    expect(await storyFor(probe, [share(60), share(60), none, none])).toEqual([
      "raised warning swap",
      "cleared info swap",
    ]);
  });
});

describe("load", () => {
  const probe = (read: () => { load5: number; cores: number }) => loadProbe(settings, read);

  test("above one and a half for each core is an alert", async () => {
    const loads = [0.1, 3.1, 3.2, 3, 2.9, 3.1, 1, 1].map((load5) => ({ load5, cores: 2 }));
    expect(await storyFor(probe, loads)).toEqual(["raised warning load", "cleared info load"]);
  });

  test("that all cores can carry is fine", async () => {
    expect(
      await storyFor(
        probe,
        Array.from({ length: 3 }, () => ({ load5: 95, cores: 64 })),
      ),
    ).toEqual([]);
  });
});

describe("a GPU", () => {
  const probe = (
    read: () => Promise<readonly { index: number; memoryPercent: number; temperature: number }[]>,
  ) => gpuProbe(settings, read);
  const gpu = (memoryPercent: number, temperature: number) =>
    Promise.resolve([{ index: 0, memoryPercent, temperature }]);

  test("that is full or hot is an alert", async () => {
    const story = await storyFor(probe, [gpu(50, 60), gpu(99, 95), gpu(99, 95), gpu(50, 60), gpu(50, 60)]);
    expect(story).toEqual([
      "raised warning gpu:0:memory",
      "raised warning gpu:0:temperature",
      "cleared info gpu:0:memory",
      "cleared info gpu:0:temperature",
    ]);
  });

  test("that is well filled with a model, and a machine without one, are fine", async () => {
    expect(await storyFor(probe, [gpu(95, 80), gpu(95, 80), Promise.resolve([])])).toEqual([]);
  });
});
