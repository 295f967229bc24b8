import { afterEach, beforeEach, expect, test } from "bun:test";
import type { BusBooks } from "./bus_pass.ts";
import { restartsProbe } from "./restarts.ts";
import { askSystemd, restartsOf } from "./unit_restarts.ts";
import { healthSettings, openWatchPost, storyOf, type WatchPost } from "./testing/watch_post.ts";

let post: WatchPost;
beforeEach(() => {
  post = openWatchPost();
});
afterEach(() => post.remove());

/** Pid of the service at each look, null: not there. */
async function story(pids: readonly (number | null)[]): Promise<readonly string[]> {
  let pid: number | null = null;
  const books = async (): Promise<BusBooks> => ({
    consumers: [],
    statusIsNew: true,
    status: {
      pid: 1,
      lastSeq: 0,
      deadLetters: 0,
      sessions: pid === null ? [] : [{ service: "dream-consumer", pid }],
    },
  });
  const units = async () => Promise.resolve(undefined);
  const check = post.check(restartsProbe({ config: healthSettings(), books, units, clock: post.clock }));
  for (pid of pids) {
    await check.look();
    post.clock.advance(60_000);
  }
  return storyOf(await post.alerts());
}

const RAISED = "raised critical restarts:dream-consumer";
const CLEARED = "cleared info restarts:dream-consumer";

test("a service whose process is a new one again and again is an alert until it lasts", async () => {
  expect(await story([1, 2, null, 3, 4, 5, 6])).toEqual([RAISED]);
  // The monitor that comes after does not know what was before it, and clears nothing for that.
  expect(await story([6, 6, 6])).toEqual([RAISED]);
  expect(await story(Array.from({ length: 15 }, () => 6))).toEqual([RAISED, CLEARED]);
});

test("a few restarts are fine", async () => {
  expect(await story([1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 6])).toEqual([]);
});

/** What systemd has counted at each look; the service never comes as far as the bus. */
async function counted(counts: readonly (number | undefined)[]): Promise<readonly string[]> {
  let count: number | undefined;
  const check = post.check(
    restartsProbe({
      config: healthSettings(),
      books: async () => Promise.resolve(undefined),
      units: async () =>
        Promise.resolve(count === undefined ? undefined : new Map([["dream-consumer", count]])),
      clock: post.clock,
    }),
  );
  for (count of counts) {
    await check.look();
    post.clock.advance(60_000);
  }
  return storyOf(await post.alerts());
}

test("systemd's counts tell of a crash loop between two looks, also of a service that is never on the bus", async () => {
  expect(await counted([0, 5])).toEqual([RAISED]);
});

test("a count that began anew is no restart of what went before; one that stands still is none at all", async () => {
  expect(await counted([900, 900, 2, 3, undefined, 3])).toEqual([]);
});

test("reads what systemctl shows, and asks nobody outside a unit", async () => {
  const text =
    "Id=kloros-chemical-bus.service\nNRestarts=3\n\nNRestarts=0\nId=kloros-intent-router.service\n\nId=cron.service\nNRestarts=7\n";
  expect(restartsOf(text)).toEqual(
    new Map([
      ["chemical-bus", 3],
      ["intent-router", 0],
    ]),
  );
  expect(await askSystemd({})()).toBeUndefined();
});
