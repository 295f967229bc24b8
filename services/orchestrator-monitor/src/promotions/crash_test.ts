/** Killed between any two effects, the check ends where it would have ended: nothing lost, nothing done twice. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Envelope } from "@kloros/signal-schema";
import { join } from "node:path";
import { cycleOf } from "./testing/cycles.ts";
import { openDreamBench, type DreamBench } from "./testing/dream_bench.ts";

let bench: DreamBench;
let ids: readonly string[];
beforeEach(async () => {
  bench = openDreamBench();
  bench.put("a.json");
  bench.put("b.json", '{"b":1}');
  await bench.runner.look();
  ids = bench.published("Q_PROMOTIONS_DETECTED").at(-1)?.facts["promotion_ids"] as string[];
});
afterEach(() => bench.remove());

async function dieAt(point: string, signal: Envelope): Promise<void> {
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "fixtures/look_child.ts"), bench.root, JSON.stringify(signal)],
    { env: { ...process.env, KLOROS_CRASH_AT: point }, stderr: "pipe" },
  );
  await child.exited;
  expect(child.signalCode, await new Response(child.stderr).text()).toBe("SIGKILL");
}

const MOVING = ["monitor.counted", "monitor.claimed", "monitor.kept", "monitor.claimed:2", "monitor.kept:2"];

describe("killed while it acknowledges, at", () => {
  const points = [...MOVING, "monitor.ack-written", "monitor.moved"];
  // The first three writes are the memory, the record of one promotion and that of the other, the fourth the memory again.
  const writes = [1, 2, 3, 4].flatMap((n) => [`files.tmp-written:${n}`, `files.renamed:${n}`]);
  test.each([...points, ...writes])("%s", async (point) => {
    const { deployed } = cycleOf(ids);
    await dieAt(point, deployed);
    const next = openDreamBench({ root: bench.root });
    await next.runner.look();
    await next.runner.lookBecause(deployed);
    expect(bench.files()).toEqual([
      "acknowledged",
      "acknowledged/a.json",
      "acknowledged/a_ack.json",
      "acknowledged/b.json",
      "acknowledged/b_ack.json",
    ]);
  });
});

describe("killed while it parks, at", () => {
  const told = ["monitor.remembered", "monitor.published"];
  const points = [...MOVING, ...told, "monitor.park-noted", "monitor.parked"];
  test.each(points)("%s", async (point) => {
    for (let n = 0; n < 2; n += 1) await bench.runner.lookBecause(cycleOf(ids, "failed").complete);
    const { complete } = cycleOf(ids, "failed");
    await dieAt(point, complete);
    const next = openDreamBench({ root: bench.root });
    await next.runner.look();
    await next.runner.lookBecause(complete);
    expect(bench.files()).toEqual([
      "parked",
      "parked/a.json",
      "parked/a.why.json",
      "parked/b.json",
      "parked/b.why.json",
    ]);
    const alerts = bench
      .published("Q_HEALTH_ALERT")
      .map(({ facts }) => [facts["state"], facts["metric_value"]]);
    expect(alerts.at(-1)?.[1]).toBe(2);
    expect(alerts.filter(([state]) => state === "raised")).toHaveLength(1);
  });
});
