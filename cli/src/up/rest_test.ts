import { describe, expect, test } from "bun:test";
import { RestWatch, type RestSample } from "./rest.ts";

const still = (atMs: number, changes: Partial<RestSample> = {}): RestSample => ({
  atMs,
  unready: [],
  open: 0,
  intents: 0,
  discovered: true,
  promotionsSeen: true,
  activity: 7,
  ...changes,
});

describe("RestWatch", () => {
  test("rests after nothing happened for the quiet time, counted from the second look", () => {
    const watch = new RestWatch(1000);
    expect([0, 100, 1000, 1099, 1100].map((atMs) => watch.observe(still(atMs)))).toEqual([
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  for (const [what, changes] of [
    ["a service that is not ready", { unready: ["x is waiting: it died"] }],
    ["an open delivery", { open: 1 }],
    ["an intent file", { intents: 1 }],
    ["a source tree that was not looked through", { discovered: false }],
    ["a promotion that nobody has looked at", { promotionsSeen: false }],
    ["a new signal", { activity: 8 }],
  ] as const) {
    test(`${what} begins the quiet time anew`, () => {
      const watch = new RestWatch(1000);
      watch.observe(still(0));
      watch.observe(still(100));
      expect(watch.observe(still(900, changes))).toBe(false);
      const activity = "activity" in changes ? changes.activity : 7;
      expect(watch.observe(still(1200, { activity }))).toBe(false);
      expect(watch.observe(still(2200, { activity }))).toBe(true);
    });
  }

  test("tells what keeps it from rest", () => {
    const watch = new RestWatch();
    expect(watch.reasons()).toEqual(["the bus was not reached"]);
    watch.observe(still(0, { open: 3, intents: 2, discovered: false, unready: ["x is starting"] }));
    expect(watch.reasons()).toEqual([
      "x is starting",
      "3 deliveries are open",
      "2 intent files wait",
      "curiosity-core has not looked through the source tree yet",
    ]);
    watch.observe(still(1));
    expect(watch.reasons()).toEqual(["signals kept coming"]);
  });
});
