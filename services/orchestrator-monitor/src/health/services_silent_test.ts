import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { removeMaintenance, removePause, writeMaintenance, writePause } from "@kloros/daemon";
import { DreamTrigger } from "@kloros/signal-schema";
import { createBusPass } from "./bus_pass.ts";
import { restOf } from "./rest.ts";
import { silentProbe } from "./services_silent.ts";
import { healthSettings, openWatchPost, storyOf, type WatchPost } from "./testing/watch_post.ts";

let post: WatchPost;
beforeEach(() => {
  post = openWatchPost();
});
afterEach(() => post.remove());

const why = () => ({ reason: "tests", by: "tester", nowMs: Date.now() });

/** A service with a consumer; `close` stops it. */
async function start(service: string) {
  const bus = post.testBus.connect(service);
  await bus.consume(
    { name: service, signals: [DreamTrigger.name], start: { from: "earliest" } },
    async () => undefined,
  );
  return bus;
}

/** One look now and then one a minute. Called again: a monitor that was started again. */
function watch(): (minutes?: number) => Promise<void> {
  const bus = post.testBus.connect("orchestrator-monitor");
  const books = createBusPass(bus, post.clock, -1);
  const check = post.check(silentProbe(healthSettings(), books, restOf(post.home.paths), post.clock));
  return async (minutes = 1) => {
    for (let n = 0; n < minutes; n += 1) {
      await check.look();
      post.clock.advance(60_000);
    }
  };
}

const story = async (): Promise<readonly string[]> => storyOf(await post.alerts());

describe("a service that should be on the bus and is not", () => {
  test("is an alert after its time, gets worse, and is over when it is back", async () => {
    const look = watch();
    const service = await start("dream-consumer");
    await look(3);
    await service.close();
    await look(2);
    expect(await story()).toEqual([]);
    await look(12);
    await start("dream-consumer");
    await look(2);
    expect(await story()).toEqual([
      "raised warning silent:dream-consumer",
      "changed critical silent:dream-consumer",
      "cleared info silent:dream-consumer",
    ]);
    const [alert] = await post.alerts();
    expect(alert?.details?.suggestions).toContain(
      "when it never comes back: kloros consumers remove dream-consumer",
    );
  });

  test("is not missed any more when its consumer was removed", async () => {
    const look = watch();
    await (await start("dream-consumer")).close();
    await look(3);
    await post.testBus.connect("operator").admin("removeConsumer", { name: "dream-consumer" });
    await look(3);
    expect(await story()).toEqual([
      "raised warning silent:dream-consumer",
      "cleared info silent:dream-consumer",
    ]);
  });

  test("is missed also when it has no consumer, once it was seen", async () => {
    const look = watch();
    const router = post.testBus.connect("intent-router");
    await look();
    await router.close();
    await look(3);
    expect(await story()).toEqual(["raised warning silent:intent-router"]);
    // The alert stands: the monitor that comes after has it from there, and misses it still.
    const after = watch();
    await after(3);
    expect(await story()).toEqual(["raised warning silent:intent-router"]);
    post.testBus.connect("intent-router");
    await after(1);
    expect((await story()).slice(1)).toEqual(["cleared info silent:intent-router"]);
  });

  test("is fine while it is paused, and has its time again afterwards", async () => {
    const look = watch();
    await (await start("dream-consumer")).close();
    await writePause(post.home.paths, "dream-consumer", why());
    await look(10);
    removePause(post.home.paths, "dream-consumer");
    await look(2);
    expect(await story()).toEqual([]);
    await look(1);
    expect(await story()).toEqual(["raised warning silent:dream-consumer"]);
  });

  test("is fine during maintenance, whose end gives everyone the time to come back", async () => {
    const look = watch();
    const service = await start("dream-consumer");
    await look();
    await writeMaintenance(post.home.paths, why());
    await service.close();
    await look(10);
    removeMaintenance(post.home.paths);
    await look(1);
    await start("dream-consumer");
    await look(3);
    expect(await story()).toEqual([]);
  });
});

test("what an old status does not name is not missed for that", async () => {
  let statusIsNew = true;
  let sessions: { service: string; pid: number }[] = [{ service: "intent-router", pid: 1 }];
  const status = () => ({ pid: 1, lastSeq: 0, deadLetters: 0, sessions });
  const books = async () => ({ consumers: [], statusIsNew, status: status() });
  const check = post.check(silentProbe(healthSettings(), books, restOf(post.home.paths), post.clock));
  const look = async (): Promise<void> => {
    await check.look();
    post.clock.advance(60_000);
  };
  await look();
  sessions = [];
  await look();
  statusIsNew = false;
  for (let n = 0; n < 5; n += 1) await look();
  expect(await story()).toEqual([]);
  statusIsNew = true;
  await look();
  expect(await story()).toEqual(["raised warning silent:intent-router"]);
});

test("a command of a person that ends is not missed", async () => {
  const look = watch();
  const person = post.testBus.connect("operator");
  await look();
  await person.close();
  await look(5);
  expect(await story()).toEqual([]);
});
