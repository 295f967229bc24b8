/** A service as a process of its own, on a real bus, paused and resumed as an operator does it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { healthSocketPath } from "@kloros/daemon";
import { TestInstallation } from "../testing/real_bus.ts";

const MAIN = join(import.meta.dir, "../../../services/intent-router/src/main.ts");
let place: TestInstallation;
let router: Bun.Subprocess;

beforeAll(async () => {
  place = new TestInstallation();
  await place.startBus();
  mkdirSync(place.paths.intents, { recursive: true });
  router = Bun.spawn([process.execPath, MAIN, "--home", place.home, "--set", "kloros.logLevel=warn"], {
    env: { PATH: process.env["PATH"] ?? "" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  await until(async () => (await ready()).ok);
}, 60_000);
afterAll(async () => {
  router.kill();
  await router.exited;
  await place.remove();
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 15_000; !(await condition()); await Bun.sleep(20)) {
    if (performance.now() > end) throw new Error("waited in vain");
  }
}

async function ready(): Promise<{ ok: boolean; reasons: Record<string, string> }> {
  const unix = healthSocketPath(place.paths, "intent-router");
  const answer = await fetch("http://x/readyz", { unix, signal: AbortSignal.timeout(500) }).catch(
    () => undefined,
  );
  return answer === undefined ? { ok: false, reasons: {} } : ((await answer.json()) as never);
}

function dropIntent(): string {
  const file = join(place.paths.intents, "1_run_scanner.json");
  writeFileSync(file, JSON.stringify({ type: "run_scanner", data: { scanner: "documentation" } }));
  return file;
}

test("a paused service leaves what waits, `status` calls that no problem, and resume lets it go on", async () => {
  expect(await place.kloros("pause", "intent-router", "--reason", "a look")).toMatchObject({ code: 0 });
  await until(async () => (await ready()).reasons["paused"]?.endsWith(": a look") === true);
  const file = dropIntent();
  await Bun.sleep(300);
  expect(existsSync(file)).toBe(true);
  const { code, out } = await place.kloros("status");
  expect(out).toMatch(/intent-router +resting +\d+ +act +paused by \S+: a look/);
  expect(out).toMatch(/paused +service intent-router/);
  expect(code).toBe(0);
  expect(await place.kloros("resume", "intent-router")).toMatchObject({ code: 0 });
  await until(() => Promise.resolve(!existsSync(file)));
  await until(async () => (await ready()).ok);
}, 60_000);

test("maintenance with an end is over by itself, and its marker is taken away", async () => {
  await place.kloros("maintenance", "on", "--for", "8s");
  await until(async () => (await ready()).reasons["maintenance"] !== undefined);
  const file = dropIntent();
  expect(existsSync(file)).toBe(true);
  await until(() => Promise.resolve(!existsSync(file)));
  expect(existsSync(place.paths.maintenanceMarker)).toBe(false);
  expect(readdirSync(place.home).filter((name) => name.includes("maintenance"))).toEqual([]);
}, 60_000);
