import { afterEach, beforeEach, expect, test } from "bun:test";
import { busStalledProbe } from "./bus_stalled.ts";
import { healthSettings, openWatchPost, storyOf, type WatchPost } from "./testing/watch_post.ts";

let post: WatchPost;
beforeEach(() => {
  post = openWatchPost();
});
afterEach(() => post.remove());

/** Round trips, one a minute; null: no answer. */
async function story(roundTrips: readonly (number | null)[]): Promise<readonly string[]> {
  let roundTrip: number | null = 0;
  const ping = async (): Promise<number> => {
    if (roundTrip === null) throw new Error("no answer");
    return roundTrip;
  };
  const check = post.check(busStalledProbe(healthSettings(), ping, post.clock));
  for (roundTrip of roundTrips) {
    await check.look();
    post.clock.advance(60_000);
  }
  return storyOf(await post.alerts());
}

test("a bus that answers late is an alert, one that does not answer a worse one", async () => {
  expect(await story([1, 1500, 1500, null, null, 2, 2])).toEqual([
    "raised warning bus",
    "changed critical bus",
    "cleared info bus",
  ]);
  const lost = (await post.alerts())[1];
  expect(lost?.details?.message).toBe("the bus has not answered for 120000 ms");
});

test("one late answer is none", async () => {
  expect(await story([1, 4000, 1, null, 1, 900, 900])).toEqual([]);
});

test("a bus that is there answers the probe", async () => {
  const bus = post.testBus.connect("orchestrator-monitor");
  await post.check(busStalledProbe(healthSettings(), (limits) => bus.ping(limits), post.clock)).look();
  expect(await post.alerts()).toEqual([]);
});
