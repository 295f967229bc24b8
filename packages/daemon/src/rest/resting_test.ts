/** Services that rest, in this process over a real bus. */
import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { Type } from "@sinclair/typebox";
import { createRoot, CuriosityInvestigate } from "@kloros/signal-schema";
import { startForTest, type StartForTestOptions, type TestService, until } from "../testing.ts";
import type { Service, ServiceContext } from "../types.ts";
import { removePause, writeMaintenance, writePause } from "./pauses.ts";

const config = Type.Object({});
type Config = typeof config;
const NAME = "investigation-consumer";

function worker(start: (context: ServiceContext<Config>) => Promise<void>): Service<Config> {
  const described = { purpose: "For tests.", config, decisions: [], reads: [], writes: [] };
  return { manifest: { ...described, name: NAME, consumes: [CuriosityInvestigate], emits: [] }, start };
}

const open: TestService<Config>[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop(0);
});

async function started(
  start: Parameters<typeof worker>[0],
  options: StartForTestOptions<Config> = {},
): Promise<TestService<Config>> {
  const service = await startForTest(worker(start), options);
  open.push(service);
  return service;
}

/** A service that writes down the attempt of each delivery; `minds`: `pauseInMaintenance`. */
async function counting(minds: boolean, work: () => Promise<void> = () => Promise.resolve()) {
  const attempts: number[] = [];
  const service = await started((context) =>
    context.consume(
      { signals: [CuriosityInvestigate], start: { from: "earliest" }, pauseInMaintenance: minds },
      async ({ attempt }) => {
        attempts.push(attempt);
        await work();
        return undefined;
      },
    ),
  );
  return { service, attempts };
}

async function ask({ testBus }: TestService<Config>, id: string): Promise<void> {
  const facts = { ...CuriosityInvestigate.examples[0]!, question_id: id };
  const source = "curiosity-core";
  await testBus
    .connect(source)
    .publish([createRoot(CuriosityInvestigate, facts, { source, nowMs: Date.now() })]);
}

const note = (nowMs = Date.now()) => ({ reason: "disk", by: "olaf", nowMs });

describe("maintenance mode", () => {
  test("a consumer that minds it rests, leaves what waits uncounted, and goes on afterwards", async () => {
    const { service, attempts } = await counting(true);
    await ask(service, "q1");
    await until("the first", () => attempts.length === 1);
    writeFileSync(service.paths.maintenanceMarker, "");
    await until("resting", () => service.health.readyz()["maintenance"]);
    await ask(service, "q2");
    await Bun.sleep(30);
    expect(attempts).toHaveLength(1);
    rmSync(service.paths.maintenanceMarker);
    await until("the second", () => attempts.length === 2);
    expect(attempts).toEqual([1, 1]);
    expect(service.health.readyz()).toEqual({});
  });

  test("a consumer that does not mind it goes on", async () => {
    const { service, attempts } = await counting(false);
    await writeMaintenance(service.paths, note());
    await ask(service, "q1");
    await until("it", () => attempts.length === 1);
    expect(service.health.readyz()).toEqual({});
  });

  test("ends by itself when its time has passed, and the marker is taken away", async () => {
    const { service, attempts } = await counting(true);
    await writeMaintenance(service.paths, note());
    await until("resting", () => service.health.readyz()["maintenance"]);
    await ask(service, "q1");
    const untilMs = Date.now() + 150;
    await writeMaintenance(service.paths, { ...note(), untilMs });
    await until("the first", () => attempts.length === 1);
    expect(Date.now()).toBeGreaterThanOrEqual(untilMs);
    expect(existsSync(service.paths.maintenanceMarker)).toBe(false);
  });

  test("who only observes takes no marker away", async () => {
    const service = await started(() => Promise.resolve(), { mode: "observe" });
    await writeMaintenance(service.paths, { ...note(), untilMs: Date.now() - 1 });
    await service.context.notInMaintenance();
    expect(existsSync(service.paths.maintenanceMarker)).toBe(true);
  });

  test("notInMaintenance() waits, and gives up when the service stops", async () => {
    const service = await startForTest(worker(() => Promise.resolve()));
    await service.context.notInMaintenance();
    writeFileSync(service.paths.maintenanceMarker, "");
    let waited = false;
    const waiting = service.context.notInMaintenance().then(() => (waited = true));
    await Bun.sleep(30);
    expect(waited).toBe(false);
    const refused = waiting.catch((error: unknown) => String(error));
    await service.stop();
    expect(await refused).toContain("is stopping");
  });
});

describe("a service that is paused", () => {
  test("takes nothing with any consumer, says why in status and readiness, and goes on when resumed", async () => {
    const said: string[] = [];
    const attempts: string[] = [];
    const service = await started(
      async (context) => {
        for (const purpose of ["one", "other"]) {
          const options = { signals: [CuriosityInvestigate], start: { from: "earliest" }, purpose } as const;
          await context.consume(options, () => {
            attempts.push(purpose);
            return Promise.resolve(undefined);
          });
        }
        context.status("listening");
      },
      { onStatus: (text) => void said.push(text) },
    );
    await writePause(service.paths, NAME, note());
    await until("resting", () => service.health.readyz()["paused"]);
    expect(service.health.readyz()).toEqual({ paused: "paused by olaf: disk" });
    expect(service.health.about()).toMatchObject({ status: "paused by olaf: disk; listening" });
    await ask(service, "q1");
    let waited = false;
    void service.context.notInMaintenance().then(() => (waited = true));
    await Bun.sleep(30);
    expect({ attempts, waited }).toEqual({ attempts: [], waited: false });
    removePause(service.paths, NAME);
    await until("both", () => attempts.length === 2);
    await until("waited", () => waited);
    expect(service.health.readyz()).toEqual({});
    expect(said).toEqual(["listening", "paused by olaf: disk; listening", "listening"]);
  });

  test("stays paused when it is started again", async () => {
    const { service, attempts } = await counting(false);
    await writePause(service.paths, NAME, note());
    await until("resting", () => service.health.readyz()["paused"]);
    await ask(service, "q1");
    const again = await started(
      async (context) => {
        const options = {
          signals: [CuriosityInvestigate],
          start: { from: "earliest" },
          purpose: "again",
        } as const;
        await context.consume(options, () => Promise.reject(new Error("it works")));
      },
      { testHome: service.testHome, testBus: service.testBus },
    );
    expect(again.health.readyz()["paused"]).toBe("paused by olaf: disk");
    await Bun.sleep(30);
    expect(attempts).toEqual([]);
  });

  test("what was begun may end, and is not begun again", async () => {
    const finish = Promise.withResolvers<void>();
    const { service, attempts } = await counting(false, () => finish.promise);
    await ask(service, "q1");
    await until("begun", () => attempts.length === 1);
    await writePause(service.paths, NAME, note());
    await until("resting", () => service.health.readyz()["paused"]);
    await ask(service, "q2");
    await Bun.sleep(30);
    finish.resolve();
    const done = async () => (await service.context.bus.admin("consumers", {}))[0]?.done === 1;
    while (!(await done())) await Bun.sleep(5);
    expect(attempts).toEqual([1]);
    removePause(service.paths, NAME);
    await until("the second", () => attempts.length === 2);
    expect(attempts).toEqual([1, 1]);
  });

  test("another one is not", async () => {
    const { service, attempts } = await counting(true);
    await writePause(service.paths, "dream-consumer", note());
    await ask(service, "q1");
    await until("it", () => attempts.length === 1);
  });
});
