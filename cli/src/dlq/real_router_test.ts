/** A rejected intent file, given to the router again: bus and router are real, and so is the command. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DeadLetter } from "@kloros/journal";
import { TestInstallation } from "../testing/real_bus.ts";

const MAIN = join(import.meta.dir, "../../../services/intent-router/src/main.ts");
const QUICK = ["scanIntervalMs=100", "quietMs=150", "rejectedIntervalMs=100", "kloros.logLevel=error"];
const MENDED = JSON.stringify({
  intent_type: "discover.module.audio",
  data: { question: "What is audio?", question_id: "q.1", priority: "normal" },
});

let place: TestInstallation;
let router: Bun.Subprocess;
beforeAll(async () => {
  place = new TestInstallation();
  await place.startBus();
  const flags = QUICK.flatMap((setting) => ["--set", setting]);
  router = Bun.spawn([process.execPath, MAIN, "--home", place.home, ...flags], {
    env: { PATH: process.env["PATH"] ?? "" },
    stdio: ["ignore", "ignore", "inherit"],
  });
}, 60_000);
afterAll(async () => {
  router.kill();
  await router.exited;
  await place.remove();
});

/** As writers of intents do it. */
function drop(name: string, text: string): void {
  writeFileSync(join(place.home, name), text);
  renameSync(join(place.home, name), join(place.paths.intents, name));
}

async function letters(): Promise<readonly DeadLetter[]> {
  return (await place.json("dlq", "list")) as readonly DeadLetter[];
}

async function waitFor<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (const end = performance.now() + 15_000; performance.now() < end; await Bun.sleep(50)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`waited in vain for ${what}`);
}

/** Waits for exactly one dead letter with a number above `after`, and for its file among the rejected. */
async function rejected(after: number): Promise<DeadLetter> {
  const letter = await waitFor("a dead letter", async () => (await letters()).find(({ n }) => n > after));
  await waitFor(
    "the rejected file",
    () => existsSync(join(place.paths.intentsRejected, "a.json")) || undefined,
  );
  return letter;
}

test("as it was it is rejected anew, under a number of its own; mended it becomes a signal, once", async () => {
  drop("a.json", "{oops");
  const first = await rejected(0);
  const { ino } = statSync(join(place.paths.intentsRejected, "a.json"));
  expect(await place.kloros("dlq", "resubmit", String(first.n))).toMatchObject({ code: 0 });
  const second = await rejected(first.n);
  expect(second.id).not.toBe(first.id);
  expect(statSync(join(place.paths.intentsRejected, "a.json")).ino).toBe(ino);
  expect((await letters()).map(({ n }) => n)).toEqual([second.n]);

  expect(await place.klorosWith(MENDED, "dlq", "resubmit", String(second.n), "--content", "-")).toMatchObject(
    { code: 0 },
  );
  await waitFor("the signal", async () => {
    const { out } = await place.kloros(
      "tail",
      "--no-follow",
      "--signal",
      "Q_CURIOSITY_INVESTIGATE",
      "--json",
    );
    return out.trim().split("\n").length === 1 && out.includes("What is audio?") ? true : undefined;
  });
  await waitFor(
    "an empty directory",
    () => readdirSync(place.paths.intentsRejected).length === 0 || undefined,
  );
  expect(readdirSync(place.paths.intents).filter((name) => name.includes("resubmit"))).toEqual([]);
  expect(await letters()).toEqual([]);
}, 60_000);
