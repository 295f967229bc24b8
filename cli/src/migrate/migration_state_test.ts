import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readMigration, writeMigration } from "./migration_state.ts";
import { isOfMigration, readRole, roleFilePath, writeRole } from "./role_file.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "km-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test("where there is no file the migration has not begun", () => {
  expect(readMigration(join(root, "migration.json"))).toMatchObject({
    position: -1,
    since: null,
    pending: null,
  });
});

test("what was written is read, for its owner only, and the history is bounded", async () => {
  const path = join(root, "migration", "migration.json");
  const begin = readMigration(path);
  const entry = {
    at: "",
    by: "me",
    what: "next",
    from: 0,
    to: 1,
    reason: "",
    waived: false,
    notes: [],
  } as const;
  await writeMigration(path, { ...begin, position: 1, history: Array.from({ length: 600 }, () => entry) });
  expect(readMigration(path)).toMatchObject({ position: 1 });
  expect(readMigration(path).history.length).toBe(500);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test.skipIf(process.getuid?.() !== 0)(
  "a file that others could have written is not followed; one that may not be read is not none",
  async () => {
    const path = join(root, "migration.json");
    await writeMigration(path, { ...readMigration(path), position: 3 });
    chownSync(path, 65_534, 65_534);
    expect(() => readMigration(path)).toThrow(`${path} belongs to uid 65534`);
    chownSync(path, 0, 0);
    chmodSync(path, 0o666);
    expect(() => readMigration(path)).toThrow("chmod go-w");
    chmodSync(path, 0o600);
    process.seteuid?.(65_534);
    try {
      expect(() => readMigration(path)).toThrow("sudo");
    } finally {
      process.seteuid?.(0);
    }
  },
);

test.each([
  ["is not JSON", "{", "JSON"],
  ["is of a newer program", '{"version":2,"position":1,"history":[]}', "version 2, this program knows 1"],
  ["is in no phase", '{"version":1,"position":9,"history":[]}', "position 9"],
  ["has no history", '{"version":1,"position":1}', "no history"],
])("a file that %s changes nothing", (_, text, why) => {
  const path = join(root, "migration.json");
  writeFileSync(path, text);
  expect(() => readMigration(path)).toThrow(why);
  expect(readFileSync(path, "utf8")).toBe(text);
});

test("what a service may do is a drop-in that goes without a trace", async () => {
  const path = roleFilePath(root, "intent-router");
  for (const role of ["waits", "observe", "act"] as const) {
    await writeRole(path, role);
    expect(readRole(path)).toBe(role);
    expect(isOfMigration(path)).toBe(true);
  }
  expect(readFileSync(path, "utf8")).toContain("Environment=KLOROS_MODE=act");
  writeFileSync(path, `${readFileSync(path, "utf8")}MemoryMax=1G\n`);
  expect(isOfMigration(path)).toBe(false);
  await writeRole(path, undefined);
  expect(existsSync(join(root, "kloros-intent-router.service.d"))).toBe(false);
});

test("an operator's own drop-in beside it stays", async () => {
  const path = roleFilePath(root, "intent-router");
  await writeRole(path, "act");
  writeFileSync(join(root, "kloros-intent-router.service.d", "override.conf"), "");
  await writeRole(path, undefined);
  expect(existsSync(join(root, "kloros-intent-router.service.d", "override.conf"))).toBe(true);
});
