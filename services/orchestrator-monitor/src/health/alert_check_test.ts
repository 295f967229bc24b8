import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { makeTestHome } from "@kloros/daemon/testing";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createAlertBook } from "./alert_book.ts";
import { gaugeProbe } from "./testing/gauge_probe.ts";
import { openWatchPost, storyOf, type WatchPost } from "./testing/watch_post.ts";

let post: WatchPost;
beforeEach(() => {
  post = openWatchPost();
});
afterEach(() => post.remove());

const RAISED = "raised critical gauge";
const CLEARED = "cleared info gauge";

describe("a check of a probe", () => {
  test("tells of a crossing once, and of its end", async () => {
    const gauge = gaugeProbe();
    const check = post.check(gauge);
    for (const value of [10, 95, 95, 95, undefined, 95, 10, 10]) {
      gauge.value = value;
      await check.look();
      post.clock.advance(60_000);
    }
    expect(storyOf(await post.alerts())).toEqual([RAISED, CLEARED]);
  });

  test("neither raises again after a restart nor forgets to clear", async () => {
    const gauge = gaugeProbe();
    gauge.value = 95;
    await post.check(gauge).look();
    post.clock.advance(60_000);
    await post.check(gauge).look();
    expect(storyOf(await post.alerts())).toEqual([RAISED]);
    gauge.value = 10;
    await post.check(gauge).look();
    expect(storyOf(await post.alerts())).toEqual([RAISED, CLEARED]);
  });

  test("writes nothing while nothing is to be told, nor in observe mode", async () => {
    const gauge = gaugeProbe();
    await post.check(gauge).look();
    expect(existsSync(join(post.home.paths.state, "alerts.json"))).toBe(false);
    gauge.value = 95;
    const observer = post.check(gauge, { mode: "observe" });
    await observer.look();
    await observer.look();
    expect(storyOf(await post.alerts())).toEqual([RAISED]);
    expect(existsSync(join(post.home.paths.state, "alerts.json"))).toBe(false);
  });

  test("tells also when its memory cannot be written, and still only once", async () => {
    const refusals: unknown[] = [];
    const file = { get: async () => null, set: () => Promise.reject(new Error("no space left on device")) };
    const gauge = gaugeProbe();
    gauge.value = 95;
    const check = post.check(gauge, { book: createAlertBook(file, (error) => void refusals.push(error)) });
    await check.look();
    await check.look();
    expect(storyOf(await post.alerts())).toEqual([RAISED]);
    expect(refusals.length).toBeGreaterThan(0);
  });

  test("sets a damaged memory aside, says so, and tells what is wrong now", async () => {
    const path = join(post.home.paths.state, "alerts.json");
    writeFileSync(path, '{"schema":1,"alerts":{"gauge":{"standing":null}}}');
    const gauge = gaugeProbe();
    gauge.value = 95;
    await post.check(gauge).look();
    expect(storyOf(await post.alerts())).toEqual([RAISED]);
    expect(post.said).toEqual([`damaged: ${path}.damaged`]);
  });

  test("keeps what several checks write at once", async () => {
    const book = post.book();
    const gauges = ["first", "second", "third"].map((name) => ({ ...gaugeProbe(), name }));
    const memory = { standing: {}, due: [] };
    await Promise.all(gauges.map(({ name }) => book.keep(name, memory)));
    const text = readFileSync(join(post.home.paths.state, "alerts.json"), "utf8");
    expect(Object.keys((JSON.parse(text) as { alerts: object }).alerts)).toEqual([
      "first",
      "second",
      "third",
    ]);
    expect(readdirSync(post.home.paths.state).filter((name) => name.includes("tmp"))).toEqual([]);
  });
});

/** Each is passed in raising and in clearing; a file is written twice in each, the second time when all is done. */
const POINTS = ["monitor.remembered", "monitor.published", "files.tmp-written", "files.renamed"].flatMap(
  (point) => [`${point}:1`, `${point}:${point.startsWith("files") ? 3 : 2}`],
);

test.each(POINTS)("killed at %s, an alert is raised once and cleared once", async (point) => {
  const testHome = makeTestHome();
  const { home } = testHome;
  const fromMs = Date.UTC(2026, 0, 1);
  try {
    const script = join(import.meta.dir, "fixtures/alert_child.ts");
    const first = Bun.spawn([process.execPath, script, home, String(fromMs), "95", "95", "10", "10"], {
      env: { ...process.env, KLOROS_CRASH_AT: point },
      stderr: "inherit",
    });
    await first.exited;
    expect(first.signalCode).toBe("SIGKILL");
    const after = openWatchPost({ home, fromMs: fromMs + 3_600_000 });
    const gauge = gaugeProbe();
    const check = after.check(gauge);
    for (const value of [95, 10, 10]) {
      gauge.value = value;
      await check.look();
      after.clock.advance(60_000);
    }
    const story = storyOf(await after.alerts());
    await after.remove();
    // What the first process got through before it died is part of the story; each raise has one end.
    expect([
      [RAISED, CLEARED],
      [RAISED, CLEARED, RAISED, CLEARED],
    ]).toContainEqual([...story]);
  } finally {
    testHome.remove();
  }
});
