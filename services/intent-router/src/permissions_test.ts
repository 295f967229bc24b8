import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeTestHome, openTestBus, startForTest } from "@kloros/daemon/testing";
import type { TestBus, TestHome, TestService } from "@kloros/daemon/testing";
import type { RouterConfig } from "./manifest.ts";
import { service } from "./mod.ts";
import { writeIntent } from "./testing.ts";

/** "nobody" on the systems that this runs on. Permissions do not bind root, so root becomes somebody else meanwhile. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

let testBus: TestBus;
let testHome: TestHome;
let intents: string;
let running: TestService<RouterConfig>;

beforeEach(async () => {
  testBus = openTestBus();
  testHome = makeTestHome();
  intents = testHome.paths.intents;
  mkdirSync(intents, { recursive: true });
  if (isRoot) for (const path of [testHome.home, intents]) chownSync(path, NOBODY, NOBODY);
  if (isRoot) process.seteuid?.(NOBODY);
  running = await startForTest(service, {
    testBus,
    testHome,
    config: { scanIntervalMs: 50, quietMs: 50, rejectedIntervalMs: 50 },
  });
});

afterEach(async () => {
  await running.stop();
  if (isRoot) process.seteuid?.(0);
  chmodSync(intents, 0o755);
  await testBus.close();
  testHome.remove();
});

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 15_000;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`not within 15 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function storedCount(): Promise<number> {
  const reader = testBus.connect("operator");
  const { items } = await reader.read({ limit: 100 });
  await reader.close();
  return items.length;
}

const problem = (): string => running.health.readyz()["intents"] ?? "";

describe("without the permission", () => {
  test("to write to the directory, a file is routed once, and removed when the permission is there", async () => {
    await until("it is running", () => problem() === "");
    const name = writeIntent(intents, "stuck");
    chmodSync(intents, 0o555);
    await until("it says that it cannot remove it", () => problem().includes("cannot be moved away"));
    expect(problem()).toContain("EACCES");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(existsSync(join(intents, name))).toBe(true);
    expect(await storedCount()).toBe(1);
    chmodSync(intents, 0o755);
    await until("it is removed", () => !existsSync(join(intents, name)));
    await until("all is well", () => problem() === "");
    expect(await storedCount()).toBe(1);
  });

  test("to read the directory, it says so, and goes on when it may", async () => {
    chmodSync(intents, 0o300);
    await until("it says that it cannot list it", () => problem().includes("cannot list"));
    chmodSync(intents, 0o755);
    writeIntent(intents, "later");
    await until("it is stored", async () => (await storedCount()) === 1);
    await until("all is well", () => problem() === "");
  });

  test("to read one file, the others are routed, and that one when it may", async () => {
    const path = join(intents, "secret.json");
    writeFileSync(path, '{"question":"secret?"}', { mode: 0o000 });
    writeIntent(intents, "open");
    await until("the other one is stored", async () => (await storedCount()) === 1);
    await until("it is warned of", () => running.records.some(({ msg }) => String(msg).includes("EACCES")));
    expect(readdirSync(intents)).toContain("secret.json");
    chmodSync(path, 0o644);
    await until("both are stored", async () => (await storedCount()) === 2);
    expect(running.records.filter(({ msg }) => String(msg).includes("EACCES")).length).toBe(1);
  });
});
