import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CRASH_POINTS } from "@kloros/daemon";
import { makeTestHome, openTestBus, startForTest } from "@kloros/daemon/testing";
import type { TestHome } from "@kloros/daemon/testing";
import { service } from "./mod.ts";
import { writeIntent } from "./testing.ts";

let testHome: TestHome;

beforeEach(() => {
  testHome = makeTestHome();
  mkdirSync(testHome.paths.intentsRejected, { recursive: true });
});
afterEach(() => testHome.remove());

const points = Object.keys(CRASH_POINTS).filter((name) => name.startsWith("router."));
test.each(points)("a router killed at %s neither loses nor doubles an intent", async (point) => {
  const { intents, intentsRejected, journal } = testHome.paths;
  writeIntent(intents, "good");
  writeFileSync(join(intents, "broken.json"), "[]");
  // Without a note: put there, or mended, by hand.
  writeFileSync(join(intentsRejected, "mended.json"), '{"question":"mended?","id":"mended"}');
  const child = Bun.spawn(
    [
      process.execPath,
      join(import.meta.dir, "testing/route_child.ts"),
      journal,
      JSON.stringify(testHome.paths),
    ],
    { env: { ...process.env, KLOROS_CRASH_AT: point } },
  );
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");

  const testBus = openTestBus({ path: journal });
  const config = { scanIntervalMs: 50, quietMs: 50, rejectedIntervalMs: 50 };
  const running = await startForTest(service, { testBus, testHome, config });
  try {
    await untilDone();
    const reader = testBus.connect("operator");
    const { items } = await reader.read({ limit: 100 });
    expect(items.map(({ envelope }) => String(envelope.facts["question_id"])).toSorted()).toEqual([
      "good",
      "mended",
    ]);
    expect((await reader.admin("deadLetters", {})).map(({ signal }) => signal)).toEqual(["[]"]);
    expect(readdirSync(intentsRejected).toSorted()).toEqual(["broken.json", "broken.json.reason"]);
  } finally {
    await running.stop();
    await testBus.close();
  }
});

async function untilDone(): Promise<void> {
  const { intents, intentsRejected } = testHome.paths;
  const list = (path: string): readonly string[] => (existsSync(path) ? readdirSync(path) : []);
  const isDone = (): boolean =>
    !list(intents).some((name) => name.endsWith(".json")) &&
    list(join(intents, ".claimed")).length === 0 &&
    list(intentsRejected).join() === "broken.json,broken.json.reason";
  const endMs = performance.now() + 15_000;
  while (!isDone() && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 10));
  // Whoever doubles something gets the time to do so.
  await new Promise((resolve) => setTimeout(resolve, 150));
}
