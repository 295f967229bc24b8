import { afterEach, beforeEach, expect, test } from "bun:test";
import type { BusBooks } from "./bus_pass.ts";
import { restartsProbe } from "./restarts.ts";
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
  const check = post.check(restartsProbe(healthSettings(), books, post.clock));
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
