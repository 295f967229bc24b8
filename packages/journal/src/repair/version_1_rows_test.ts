import { afterEach, beforeEach, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RepairHouse } from "./repair_house.ts";
import { testBroker } from "../testing.ts";

let house: RepairHouse;
beforeEach(() => (house = new RepairHouse()));
afterEach(() => house.remove());

const FIXTURE = join(import.meta.dir, "..", "..", "fixtures", "journal_v1.db.gz");
const COUNTS =
  "SELECT (SELECT count(*) FROM consumer) AS consumers, (SELECT count(*) FROM subscription) AS subscriptions, " +
  "(SELECT count(*) FROM delivery) AS deliveries, (SELECT count(*) FROM deadletter) AS letters, (SELECT count(*) FROM signal) AS signals";

test("a damaged journal of version 1 is repaired with its consumers, deliveries and dead letters", () => {
  const bytes = Bun.gunzipSync(readFileSync(FIXTURE));
  writeFileSync(house.path, bytes);
  const before = house.rows(COUNTS);
  const page = (house.rootOf("meta") - 1) * 4096;
  bytes[page + 7] = (bytes[page + 7] ?? 0) ^ 0x04;
  writeFileSync(house.path, bytes);
  expect(() => testBroker({ path: house.path })).toThrow("`kloros journal repair`");
  const { notes, ...report } = house.repair();
  expect(report).toMatchObject({ signals: [], again: [], audit: { ok: true } });
  // That version had no such clock.
  expect(notes).toEqual([expect.stringContaining("how long the bus was away is lost")]);
  expect(house.rows(COUNTS)).toEqual(before);
  testBroker({ path: house.path }).broker.close();
});
