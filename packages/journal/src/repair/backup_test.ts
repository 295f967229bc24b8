import { afterEach, beforeEach, expect, test } from "bun:test";
import { cpSync, statSync } from "node:fs";
import { join } from "node:path";
import { restoreJournal } from "./backup.ts";
import { NOW, RepairHouse } from "./repair_house.ts";
import { testBroker } from "../testing.ts";

let house: RepairHouse;
beforeEach(() => (house = new RepairHouse()));
afterEach(() => house.remove());

test("a journal that was kept aside is restored with what stands in its write-ahead log", async () => {
  await house.build(true);
  const kept = join(house.dir, "kept.db");
  for (const end of ["", "-wal"]) cpSync(`${house.path}${end}`, `${kept}${end}`);
  expect(statSync(`${kept}-wal`).size).toBeGreaterThan(0);
  house.repair();
  expect(restoreJournal(house.path, kept, NOW)).toMatchObject({ signals: 4, lastSeq: 4 });
  const { broker } = testBroker({ path: house.path });
  expect(broker.db.handle.query("SELECT seq FROM signal").values()).toEqual([[1], [2], [3], [4]]);
  broker.close();
});
