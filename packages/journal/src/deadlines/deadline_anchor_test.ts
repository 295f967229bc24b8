import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GRACE_MS, House, LIMIT_MS } from "./deadline_house.ts";
import { WORKER, question } from "../fixtures.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kloros-anchor-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test.each([3_600_000, -3_600_000])(
  "a step of the wall clock by %p ms is no time that passed, also when the machine boots later on",
  async (step) => {
    const house = new House(join(dir, "journal.db"));
    await house.open();
    await house.ask(question(1));
    house.worker.take(WORKER.name);
    house.run(2000);
    house.clock.stepWall(step);
    house.run(1000);
    house.broker.close();
    house.clock.reboot();
    await house.open();
    house.run(GRACE_MS);
    expect(house.heard()).toEqual([]);
    house.run(LIMIT_MS);
    expect(house.heard()).toHaveLength(1);
    house.close();
  },
);

test("a step while no bus ran is no time that passed either, when the bus ran again before the machine booted", async () => {
  const house = new House(join(dir, "journal.db"));
  await house.open();
  await house.ask(question(1));
  house.worker.take(WORKER.name);
  house.run(2000);
  house.broker.close();
  house.clock.stepWall(3_600_000);
  await house.open();
  house.run(1000);
  house.broker.close();
  house.clock.reboot();
  await house.open();
  house.run(GRACE_MS);
  expect(house.heard()).toEqual([]);
  house.close();
});
