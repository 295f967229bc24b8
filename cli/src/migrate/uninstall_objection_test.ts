import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readMigration, writeMigration } from "./migration_state.ts";
import type { Position } from "./phases.ts";
import { uninstallObjection } from "./uninstall_objection.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "km-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const objection = (purge: boolean): string | undefined =>
  uninstallObjection({ state: "/state" }, { purge, root });

async function standsAt(position: Position): Promise<void> {
  const path = join(root, "state", "migration", "migration.json");
  await writeMigration(path, { ...readMigration(path), position });
}

test("an installation may go before a migration, and after it", async () => {
  expect(objection(true)).toBeUndefined();
  await standsAt(5);
  expect(objection(false)).toBeUndefined();
});

test.each([0, 1, 2, 3, 4] as const)(
  "not in phase %d: the old side would not do its work again",
  async (phase) => {
    await standsAt(phase);
    expect(objection(false)).toContain("kloros migrate back");
  },
);

test("nor may the old side's files go with the data", async () => {
  await standsAt(5);
  mkdirSync(join(root, "state", "migration", "backup-2026-01-01T00-00-00"));
  expect(objection(true)).toContain("backup-2026-01-01T00-00-00");
  expect(objection(false)).toBeUndefined();
});
