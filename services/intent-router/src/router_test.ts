import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { makeTestHome, openTestBus, startForTest } from "@kloros/daemon/testing";
import type { StartForTestOptions, TestBus, TestHome, TestService } from "@kloros/daemon/testing";
import type { RouterConfig } from "./manifest.ts";
import { service } from "./mod.ts";
import { BROKEN_INTENTS, writeBrokenIntents, writeIntent, writeIntents } from "./testing.ts";

const FAST = { scanIntervalMs: 100, quietMs: 150, rejectedIntervalMs: 100 };

let testBus: TestBus;
let testHome: TestHome;
let intents: string;
let running: TestService<RouterConfig>[] = [];

beforeEach(() => {
  testBus = openTestBus();
  testHome = makeTestHome();
  intents = testHome.paths.intents;
  mkdirSync(intents, { recursive: true });
});

afterEach(async () => {
  for (const one of running) await one.stop();
  running = [];
  await testBus.close();
  testHome.remove();
});

async function start(options: StartForTestOptions<RouterConfig> = {}): Promise<TestService<RouterConfig>> {
  const config = { ...FAST, ...options.config };
  const one = await startForTest(service, { testBus, testHome, ...options, config });
  running.push(one);
  return one;
}

/** Question ids of all stored questions, in order. */
async function stored(): Promise<readonly string[]> {
  const reader = testBus.connect("operator");
  const ids: string[] = [];
  for (let afterSeq: number | null = 0; afterSeq !== null;) {
    const page: Awaited<ReturnType<typeof reader.read>> = await reader.read({ afterSeq, limit: 1000 });
    for (const { envelope } of page.items) ids.push(String(envelope.facts["question_id"]));
    afterSeq = page.next;
  }
  await reader.close();
  return ids;
}

async function deadLetters() {
  const reader = testBus.connect("operator");
  const letters = await reader.admin("deadLetters", { limit: 1000 });
  await reader.close();
  return letters;
}

function waiting(): readonly string[] {
  return readdirSync(intents).filter((name) => name.endsWith(".json"));
}

async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 15_000,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function untilEmpty(): Promise<void> {
  await until("no intents wait", () => waiting().length === 0);
}

describe("a file is routed once", () => {
  test("that was there before the start", async () => {
    writeIntent(intents, "early");
    await start();
    await untilEmpty();
    expect(await stored()).toEqual(["early"]);
  });

  test("that is renamed into place, moved in from elsewhere, or written in place", async () => {
    await start();
    writeIntent(intents, "renamed");
    const elsewhere = join(testHome.home, "elsewhere.json");
    writeFileSync(elsewhere, '{"question":"moved?","id":"moved"}');
    renameSync(elsewhere, join(intents, "elsewhere.json"));
    writeFileSync(join(intents, "in_place.json"), '{"question":"in place?","id":"in_place"}');
    await untilEmpty();
    expect([...(await stored())].toSorted()).toEqual(["in_place", "moved", "renamed"]);
  });

  test("that is written in two halves, with time in between", async () => {
    await start({ config: { quietMs: 5000 } });
    const path = join(intents, "halves.json");
    writeFileSync(path, '{"question":"two ');
    await new Promise((resolve) => setTimeout(resolve, 250));
    appendFileSync(path, 'halves?","id":"halves"}\n');
    await untilEmpty();
    expect(await stored()).toEqual(["halves"]);
    expect(await deadLetters()).toEqual([]);
  });

  test("and again when it is dropped again under the same name, even with the same content", async () => {
    await start();
    for (let round = 1; round <= 3; round += 1) {
      writeFileSync(join(intents, "same.json"), '{"question":"again?","id":"same"}');
      await untilEmpty();
      expect((await stored()).length).toBe(round);
    }
  });

  test("when the router was stopped between the bus's acknowledgement and the removal", async () => {
    const name = writeIntent(intents, "crash");
    const path = join(intents, name);
    const spare = join(testHome.home, "spare");
    Bun.spawnSync(["cp", "-p", path, spare]);
    const first = await start();
    await untilEmpty();
    await first.stop();
    // As it was before the removal: same name, content and time.
    Bun.spawnSync(["cp", "-p", spare, path]);
    await start();
    await untilEmpty();
    expect(await stored()).toEqual(["crash"]);
  });

  test("that an earlier run had claimed and not removed", async () => {
    mkdirSync(join(intents, ".claimed"));
    writeFileSync(join(intents, ".claimed", "left.json"), '{"question":"left?","id":"left"}');
    await start();
    await until("it is stored", async () => (await stored()).length === 1);
    await until("it is removed", () => readdirSync(join(intents, ".claimed")).length === 0);
  });

  test("also when the directory was missing, and when it is taken away and made anew", async () => {
    rmSync(intents, { recursive: true });
    await start();
    await until("the directory is made", () => existsSync(intents));
    writeIntent(intents, "one");
    await untilEmpty();
    rmSync(intents, { recursive: true });
    await until("the directory is made again", () => existsSync(intents));
    writeIntent(intents, "two");
    await until("both are stored", async () => (await stored()).length === 2);
  });

  test("leaves alone what is no intent", async () => {
    mkdirSync(join(intents, "acknowledged"));
    mkdirSync(join(intents, "directory.json"));
    for (const name of ["a.tmp", ".b.json", "c.txt", "acknowledged/d.json"]) {
      writeFileSync(join(intents, name), '{"question":"?"}');
    }
    writeIntent(intents, "real");
    await start();
    await until("the real one is stored", async () => (await stored()).length === 1);
    expect(readdirSync(intents).toSorted()).toEqual(
      [
        ".b.json",
        ".claimed",
        "a.tmp",
        "acknowledged",
        "c.txt",
        "directory.json",
        ...rejectedIfAny(),
      ].toSorted(),
    );
  });
});

function rejectedIfAny(): readonly string[] {
  return existsSync(join(intents, "rejected")) ? ["rejected"] : [];
}

describe("a broken file", () => {
  test("of each kind becomes one dead letter with its content, and is kept", async () => {
    writeBrokenIntents(intents);
    const one = await start();
    await untilEmpty();
    for (const [name, content] of Object.entries(BROKEN_INTENTS)) {
      const kept = readFileSync(join(intents, "rejected", name));
      expect(Buffer.compare(kept, Buffer.from(content))).toBe(0);
    }
    const letters = await deadLetters();
    expect(letters.length).toBe(Object.keys(BROKEN_INTENTS).length);
    expect(letters.map(({ signal }) => signal)).toContain(String(BROKEN_INTENTS["nan.json"]));
    expect(letters.map(({ signal }) => signal)).toContain(
      Buffer.from(BROKEN_INTENTS["not_utf8.json"] ?? "").toString("base64"),
    );
    expect(await stored()).toEqual([]);
    await one.stop();
    await start();
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect((await deadLetters()).length).toBe(letters.length);
  });

  test("is looked at again when it is changed there", async () => {
    writeFileSync(join(intents, "wrong.json"), '{"type":"never_heard_of"}');
    await start();
    const rejected = join(intents, "rejected", "wrong.json");
    await until("it is rejected", () => existsSync(rejected));
    writeFileSync(rejected, '{"type":"never_heard_of","question":"mended?","id":"mended"}');
    await until("it is stored", async () => (await stored()).includes("mended"));
    expect(readdirSync(join(intents, "rejected"))).toEqual(
      ["wrong.json.reason"].filter(() => existsSync(`${rejected}.reason`)),
    );
  });

  test("with a byte order mark is not broken", async () => {
    writeFileSync(join(intents, "bom.json"), '\uFEFF{"question":"?","id":"bom"}');
    await start();
    await untilEmpty();
    expect(await stored()).toEqual(["bom"]);
  });

  test("beyond the size limit is rejected with the beginning of its content", async () => {
    writeFileSync(join(intents, "large.json"), `{"question":"${"x".repeat(300_000)}"}`);
    await start();
    await untilEmpty();
    const [letter] = await deadLetters();
    expect(letter?.error).toContain("an intent may have 262144");
    expect(existsSync(join(intents, "rejected", "large.json"))).toBe(true);
  });
});

describe("order", () => {
  test("is by priority, then by age", async () => {
    const nowMs = Date.now() - 100_000;
    writeIntent(intents, "low", { priority: 2, writtenMs: nowMs });
    writeIntent(intents, "normal-new", { priority: 5, writtenMs: nowMs + 2000 });
    writeIntent(intents, "normal-old", { priority: 6, writtenMs: nowMs + 1000 });
    writeIntent(intents, "critical", { priority: 10, writtenMs: nowMs + 3000 });
    writeIntent(intents, "high", { priority: 7, writtenMs: nowMs + 4000 });
    await start();
    await untilEmpty();
    expect(await stored()).toEqual(["critical", "high", "normal-old", "normal-new", "low"]);
  });

  test("lets an urgent newcomer overtake a backlog", async () => {
    const ids = writeIntents(intents, 1500);
    let seen = 0;
    // Between two batches, however slow this test is: asked from outside, the backlog may be gone.
    const tap = await testBus.connect("operator").tap({}, () => {
      if ((seen += 1) === 100) writeIntent(intents, "urgent", { priority: 9 });
    });
    await start({ config: { batchFiles: 50 } });
    await until("some are routed", () => seen >= 100);
    await untilEmpty();
    await tap.close();
    const order = await stored();
    expect(order.length).toBe(ids.length + 1);
    expect(new Set(order).size).toBe(order.length);
    expect(order.indexOf("urgent")).toBeLessThan(ids.length - 200);
    expect(order.filter((id) => id !== "urgent")).toEqual([...ids]);
  });
});

describe("modes", () => {
  test("observe mode shows and changes nothing", async () => {
    writeIntent(intents, "seen");
    writeFileSync(join(intents, "broken.json"), "[]");
    const before = readdirSync(intents);
    const one = await start({ mode: "observe" });
    await until("it is shown", () => one.records.some((record) => record["dry"] === true));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(readdirSync(intents)).toEqual(before);
    expect(await stored()).toEqual([]);
    expect(await deadLetters()).toEqual([]);
    expect(one.records.filter((record) => String(record["msg"]).includes("would reject")).length).toBe(1);
    expect(one.metrics.value("intents_would_reject_total")).toBe(1);
  });

  test("maintenance mode waits and drops nothing", async () => {
    writeFileSync(testHome.paths.maintenanceMarker, "");
    writeIntent(intents, "patient");
    await start();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(waiting().length).toBe(1);
    rmSync(testHome.paths.maintenanceMarker);
    await untilEmpty();
    expect(await stored()).toEqual(["patient"]);
  });

  test("the configured table adds types and takes types away", async () => {
    writeFileSync(join(intents, "a.json"), '{"type":"my_scan","scanner":"s"}');
    writeFileSync(join(intents, "b.json"), '{"type":"trigger_dream"}');
    await start({ config: { types: { "my_*": "Q_RUN_SCANNER", trigger_dream: "reject" } } });
    await untilEmpty();
    expect((await stored()).length).toBe(1);
    expect(readdirSync(join(intents, "rejected"))).toContain("b.json");
  });
});

describe("a live announcement", () => {
  test("precedes each routed intent", async () => {
    const tap = testBus.connect("operator");
    const seen: unknown[] = [];
    await tap.tap({ signals: ["Q_INTENT_READY"] }, (signal) => seen.push(signal.facts));
    const name = writeIntent(intents, "loud", { priority: 9 });
    await start();
    await untilEmpty();
    await until("it is announced", () => seen.length === 1);
    expect(seen).toMatchObject([{ file: name, intent_type: "curiosity_investigate", priority: "critical" }]);
  });
});
