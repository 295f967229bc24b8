import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SYSTEM_LAYOUT } from "../units/layout.ts";
import { writeRecord } from "./installation_record.ts";
import { ownInstallation } from "./own_installation.ts";

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "own-installation-"));
});
afterEach(() => rmSync(base, { recursive: true }));

test("a program finds what it was installed for: from its release, and from a package", async () => {
  await writeRecord(base, { format: 1, layout: SYSTEM_LAYOUT, ownHome: true, files: [] });
  mkdirSync(join(base, "releases/1.0.0-x/bin"), { recursive: true });
  expect(ownInstallation(join(base, "releases/1.0.0-x/bin/kloros"))).toEqual(SYSTEM_LAYOUT);
  expect(ownInstallation(join(base, "bin/kloros"))).toEqual(SYSTEM_LAYOUT);
});

test("one that was built, not installed, belongs to none; nor does one whose note cannot be read", () => {
  expect(ownInstallation(join(base, "dist/multicall/kloros"))).toBeUndefined();
  expect(ownInstallation()).toBeUndefined();
  writeFileSync(join(base, "installation.json"), '{"format":9}');
  expect(ownInstallation(join(base, "bin/kloros"))).toBeUndefined();
});
