import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeTestHome, openTestBus, startForTest } from "@kloros/daemon/testing";
import type { StartForTestOptions, TestBus, TestHome, TestService } from "@kloros/daemon/testing";
import type { Envelope } from "@kloros/signal-schema";
import type { CuriosityConfig } from "./manifest.ts";
import { service } from "./mod.ts";
import { generateTree } from "./testing.ts";

let testBus: TestBus;
let testHome: TestHome;
let source: string;
let running: TestService<CuriosityConfig>[] = [];

beforeEach(() => {
  testBus = openTestBus();
  testHome = makeTestHome();
  source = testHome.paths.source;
  mkdirSync(dirname(testHome.paths.registry), { recursive: true });
});

afterEach(async () => {
  for (const one of running) await one.stop();
  running = [];
  await testBus.close();
  testHome.remove();
});

async function start(
  options: StartForTestOptions<CuriosityConfig> = {},
): Promise<TestService<CuriosityConfig>> {
  const one = await startForTest(service, { testBus, testHome, ...options });
  running.push(one);
  return one;
}

async function asked(): Promise<readonly Envelope[]> {
  const reader = testBus.connect("operator");
  const page = await reader.read({ signals: ["Q_CURIOSITY_INVESTIGATE"], limit: 1000 });
  await reader.close();
  return page.items.map(({ envelope }) => envelope);
}

async function askedNames(): Promise<readonly string[]> {
  return (await asked()).map(({ facts }) => String(facts["module_name"]));
}

function writePackage(name: string, files = 1): void {
  mkdirSync(join(source, name), { recursive: true });
  writeFileSync(join(source, name, "__init__.py"), "");
  for (let index = 0; index < files; index += 1) writeFileSync(join(source, name, `part_${index}.py`), "");
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

const rest = async (ms: number): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, ms));
};

describe("curiosity-core", () => {
  test("asks about each undiscovered module of a tree, once, also after a restart", async () => {
    const tree = generateTree(source, 60, 3);
    const first = await start();
    await until("all are asked", async () => (await asked()).length >= 60);
    await first.stop();
    await start();
    await rest(300);
    expect([...(await askedNames())].toSorted()).toEqual([...tree.expected]);
  });

  test("finds a new module without waiting for its next round, and asks when its files have come to rest", async () => {
    // So long that a machine that stops for a moment between two files does not make them come to rest.
    await start({ config: { settleMs: 2000 } });
    await rest(200);
    mkdirSync(join(source, "slow"));
    for (let index = 0; index < 4; index += 1) {
      await rest(60);
      writeFileSync(join(source, "slow", index === 0 ? "__init__.py" : `part_${index}.py`), "");
    }
    await until("it is asked", async () => (await asked()).length > 0);
    await rest(600);
    expect((await asked()).map(({ facts }) => facts["evidence"])).toEqual([
      [`path:${join(source, "slow")}`, "has_init:True", "py_files:4", "has_docs:False", "age_days:0"],
    ]);
  });

  test("asks nothing while the registry is broken, says why, and goes on when it is mended", async () => {
    writePackage("audio");
    const { registry } = testHome.paths;
    writeFileSync(registry, "audio: [unclosed");
    const one = await start();
    await until("the problem is named", () => "discovery" in one.health.readyz());
    expect(one.health.readyz()["discovery"]).toContain("no questions are asked until it is mended");
    expect(await asked()).toEqual([]);
    writeFileSync(`${registry}.new`, "# nothing yet\n");
    renameSync(`${registry}.new`, registry);
    await until("it is asked", async () => (await asked()).length === 1);
    expect(one.health.readyz()).not.toHaveProperty("discovery");
  });

  test("takes a missing registry for one that knows nothing", async () => {
    rmSync(dirname(testHome.paths.registry), { recursive: true });
    writePackage("audio");
    await start();
    await until("it is asked", async () => (await askedNames()).join() === "audio");
  });

  test("says that there is no source root", async () => {
    rmSync(source, { recursive: true });
    const one = await start({ config: { intervalMs: 100 } });
    await until("the problem is named", () => "discovery" in one.health.readyz());
    expect(one.health.readyz()["discovery"]).toContain("cannot scan the source root");
    writePackage("audio");
    await until("it is asked", async () => (await asked()).length === 1);
  });

  test("writes intent files instead where it is told to", async () => {
    writePackage("audio");
    await start({ config: { legacyIntents: true } });
    const { intents } = testHome.paths;
    const files = (): readonly string[] => readdirSync(intents).filter((name) => name.endsWith(".json"));
    await until("the file is there", () => files().length === 1);
    const intent: unknown = JSON.parse(readFileSync(join(intents, files()[0] ?? ""), "utf8"));
    expect(intent).toMatchObject({ type: "discover.module", id: "discover.module.audio" });
    expect(await asked()).toEqual([]);
  });

  test("shows in observe mode what it would ask, and asks nothing", async () => {
    writePackage("audio");
    const one = await start({ mode: "observe", config: { intervalMs: 100 } });
    await until("it is shown", () => one.records.some((record) => record["dry"] === true));
    await rest(300);
    expect(one.records.filter((record) => record["dry"] === true).length).toBe(1);
    expect(await asked()).toEqual([]);
  });
});
