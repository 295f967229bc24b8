import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { PromotionsDetected, validateFacts } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cycleOf } from "./testing/cycles.ts";
import { openDreamBench, type DreamBench } from "./testing/dream_bench.ts";

let bench: DreamBench;
beforeEach(() => {
  bench = openDreamBench();
});
afterEach(() => bench.remove());

const told = (): readonly Envelope[] => bench.published("Q_PROMOTIONS_DETECTED");
const idsTold = (): readonly string[] => (told().at(-1)?.facts["promotion_ids"] ?? []) as string[];
const fail = async (ids: readonly string[], times: number): Promise<void> => {
  for (let n = 0; n < times; n += 1) await bench.runner.lookBecause(cycleOf(ids, "failed").complete);
};

describe("waiting promotions", () => {
  test("are told of with counts, ages and ids, one advisory a directory", async () => {
    const path = bench.put("old.json");
    utimesSync(path, new Date(bench.nowMs - 7_200_000), new Date(bench.nowMs - 7_200_000));
    bench.put("new.json");
    writeFileSync(join(bench.artifacts, "rag.json"), '{"experiment":"rag","winner":{}}');
    await bench.runner.look();
    const [home, artifacts, ...more] = told();
    expect(more).toEqual([]);
    expect(validateFacts(PromotionsDetected, home?.facts)).toMatchObject({ ok: true });
    expect(home?.facts).toMatchObject({
      promotion_count: 2,
      unacknowledged_count: 2,
      promotions_path: bench.promotions,
      promotion_files: ["old.json", "new.json"],
    });
    expect(home?.facts["oldest_promotion_age_hours"]).toBeCloseTo(2, 3);
    expect(home?.facts["newest_promotion_age_hours"]).toBeLessThan(0.01);
    expect(home?.facts["last_dream_time"]).toBeUndefined();
    const ids = home?.facts["promotion_ids"] as string[] | undefined;
    expect(ids?.[0]).toMatch(/^old@[0-9a-f]{12}$/);
    expect(artifacts?.facts["promotions_path"]).toBe(bench.artifacts);
  });

  test("are told of again when something changes and in each interval, not in between", async () => {
    bench.put("a.json");
    await bench.runner.look();
    await bench.runner.look();
    expect(told()).toHaveLength(1);
    bench.put("b.json");
    await bench.runner.look();
    expect(told()).toHaveLength(2);
    bench.nowMs += 60_000;
    await bench.runner.look();
    expect(told()).toHaveLength(3);
  });

  test("are no condition any more when they are gone", async () => {
    const path = bench.put("a.json");
    await bench.runner.look();
    rmSync(path);
    bench.nowMs += 60_000;
    await bench.runner.look();
    expect(told()).toHaveLength(1);
  });

  test("have an age of nothing after the clock was set back", async () => {
    bench.put("a.json");
    bench.nowMs -= 86_400_000;
    await bench.runner.look();
    expect(told()[0]?.facts["oldest_promotion_age_hours"]).toBe(0);
  });
});

describe("acknowledgement", () => {
  test("moves what a successful cycle considered, with a record, and nothing else", async () => {
    bench.put("a.json");
    await bench.runner.look();
    const ids = idsTold();
    bench.put("late.json");
    const cycle = cycleOf(ids);
    await bench.runner.lookBecause(cycle.complete);
    expect(bench.files()).toEqual(["a.json", "late.json"]);
    await bench.runner.lookBecause(cycle.deployed);
    await bench.runner.lookBecause(cycle.deployed);
    expect(bench.files()).toEqual([
      "acknowledged",
      "acknowledged/a.json",
      "acknowledged/a_ack.json",
      "late.json",
    ]);
    const ack = JSON.parse(readFileSync(join(bench.promotions, "acknowledged/a_ack.json"), "utf8")) as object;
    expect(ack).toMatchObject({ promotion_id: "a.json", accepted: true, schema: "v1", run_tag: "run-1" });
    expect(told().at(-1)?.facts["promotion_files"]).toEqual(["late.json"]);
    expect(told().at(-1)?.facts["last_dream_time"]).toBe(cycle.complete.timestamp);
  });

  test("leaves a file that was replaced during the cycle", async () => {
    bench.put("a.json", '{"n":1}');
    await bench.runner.look();
    const ids = idsTold();
    bench.put("a.json", '{"n":2}');
    await bench.runner.lookBecause(cycleOf(ids).deployed);
    expect(bench.files()).toEqual(["a.json"]);
    expect(idsTold()).not.toEqual(ids);
  });

  test("does not come of a failed cycle", async () => {
    bench.put("a.json");
    await bench.runner.look();
    await bench.runner.lookBecause(cycleOf(idsTold(), "failed").deployed);
    expect(bench.files()).toEqual(["a.json"]);
  });

  test("overwrites nothing when names repeat", async () => {
    for (const content of ['{"n":1}', '{"n":2}', '{"n":1}']) {
      bench.put("a.json", content);
      await bench.runner.look();
      await bench.runner.lookBecause(cycleOf(idsTold()).deployed);
    }
    const kept = readdirSync(join(bench.promotions, "acknowledged")).toSorted();
    expect(kept).toEqual(["a.1.json", "a.1_ack.json", "a.2.json", "a.2_ack.json", "a.json", "a_ack.json"]);
    const contents = ["a.json", "a.1.json"].map((name) =>
      readFileSync(join(bench.promotions, "acknowledged", name), "utf8"),
    );
    expect(contents).toEqual(['{"n":1}', '{"n":2}']);
  });

  test("moved back by hand is a new chance", async () => {
    bench.put("a.json");
    await bench.runner.look();
    const ids = idsTold();
    await bench.runner.lookBecause(cycleOf(ids).deployed);
    renameSync(join(bench.promotions, "acknowledged/a.json"), join(bench.promotions, "a.json"));
    await bench.runner.look();
    expect(idsTold()).toEqual(ids);
    expect(told()).toHaveLength(2);
  });

  test("of another tool counts until the file is written again", async () => {
    const acks = join(bench.paths.dreamArtifacts, "promotions_ack");
    mkdirSync(acks);
    const path = join(bench.artifacts, "rag.json");
    writeFileSync(path, "{}");
    const ts = Math.floor(bench.nowMs / 1000);
    writeFileSync(join(acks, "rag_ack.json"), JSON.stringify({ promotion_id: "rag", accepted: true, ts }));
    await bench.runner.look();
    expect(told()).toEqual([]);
    const later = new Date(bench.nowMs + 60_000);
    writeFileSync(path, '{"new":1}');
    utimesSync(path, later, later);
    await bench.runner.look();
    expect(told()).toHaveLength(1);
    await bench.runner.lookBecause(cycleOf(idsTold()).deployed);
    expect(readdirSync(acks).toSorted()).toEqual(["rag.1_ack.json", "rag_ack.json"]);
    expect(readdirSync(join(bench.artifacts, "acknowledged"))).toEqual(["rag.1.json"]);
  });
});

describe("parking", () => {
  test("comes after three failed cycles, each counted once, with a note and an alert", async () => {
    bench.put("a.json");
    await bench.runner.look();
    const ids = idsTold();
    const once = cycleOf(ids, "failed").complete;
    await bench.runner.lookBecause(once);
    await bench.runner.lookBecause(once);
    await fail(ids, 1);
    expect(bench.files()).toEqual(["a.json"]);
    await fail(ids, 1);
    expect(bench.files()).toEqual(["parked", "parked/a.json", "parked/a.why.json"]);
    const note = JSON.parse(readFileSync(join(bench.promotions, "parked/a.why.json"), "utf8")) as object;
    expect(note).toMatchObject({ reason: "3 D-REAM cycles that considered it failed" });
    const [alert, ...more] = bench.published("Q_HEALTH_ALERT");
    expect(more).toEqual([]);
    expect(alert?.facts).toMatchObject({ alert_type: "promotion_parked", state: "raised", metric_value: 1 });
  });

  test("ends when the promotion is moved back: a new chance, and the alert clears", async () => {
    bench.put("a.json");
    await bench.runner.look();
    const ids = idsTold();
    await fail(ids, 3);
    renameSync(join(bench.promotions, "parked/a.json"), join(bench.promotions, "a.json"));
    await bench.runner.look();
    expect(bench.published("Q_HEALTH_ALERT").at(-1)?.facts["state"]).toBe("cleared");
    bench.nowMs += 1;
    await fail(ids, 2);
    expect(bench.files()).toContain("a.json");
    await fail(ids, 1);
    expect(bench.files()).toContain("parked/a.1.json");
  });

  test("does not come when a success or another content was in between", async () => {
    bench.put("a.json");
    await bench.runner.look();
    const ids = idsTold();
    await fail(ids, 2);
    await bench.runner.lookBecause(cycleOf(ids).complete);
    await fail(ids, 2);
    expect(bench.files()).toEqual(["a.json"]);
    bench.put("a.json", '{"other":1}');
    await bench.runner.look();
    await fail(idsTold(), 2);
    expect(bench.files()).toEqual(["a.json"]);
  });

  test("counts a timeout by its trigger, and its late completion no second time", async () => {
    bench.put("a.json");
    await bench.runner.look();
    const cycle = cycleOf(idsTold(), "failed");
    const other = openDreamBench({ root: bench.root, history: [cycle.trigger], config: { parkAfter: 2 } });
    await other.runner.lookBecause(cycle.timeout);
    await other.runner.lookBecause(cycle.complete);
    expect(bench.files()).toEqual(["a.json"]);
    await other.runner.lookBecause(cycleOf(idsTold(), "timeout").complete);
    expect(bench.files()).toContain("parked/a.json");
  });

  test("does not come of triggers that were answered without a cycle", async () => {
    bench.put("a.json");
    await bench.runner.look();
    const ids = idsTold();
    for (const outcome of ["coalesced", "refused", "coalesced"] as const)
      await bench.runner.lookBecause(cycleOf(ids, outcome).complete);
    expect(bench.files()).toEqual(["a.json"]);
  });
});

test("observe mode tells and changes nothing", async () => {
  bench.put("a.json");
  const observer = openDreamBench({ root: bench.root, mode: "observe" });
  await observer.runner.look();
  const ids = idsTold();
  await observer.runner.lookBecause(cycleOf(ids).deployed);
  for (let n = 0; n < 4; n += 1) await observer.runner.lookBecause(cycleOf(ids, "failed").complete);
  expect(bench.files()).toEqual(["a.json"]);
  expect(readdirSync(bench.root).toSorted()).toEqual(["artifacts", "bus.jsonl", "dream_lab"]);
});
