import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyPath, putAside, putBack, readBackup } from "./backup.ts";

let root: string;
let backup: string;
let paths: readonly string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "km-"));
  backup = join(root, "state", "backup-1");
  const units = join(root, "system");
  mkdirSync(join(units, "old.service.d", "empty"), { recursive: true });
  writeFileSync(join(units, "old.service"), "[Service]\nType=oneshot\n");
  writeFileSync(join(units, "old.service.d", "10.conf"), Buffer.from([0, 255, 10, 13]));
  writeFileSync(join(units, "old.service.d", "run"), "#!/bin/sh\n");
  symlinkSync("../elsewhere", join(units, "old.service.d", "link"));
  chmodSync(join(units, "old.service"), 0o640);
  chmodSync(join(units, "old.service.d", "run"), 0o4755);
  chmodSync(join(units, "old.service.d", "empty"), 0o1777);
  if (process.getuid?.() === 0) chownSync(join(units, "old.service"), 12_345, 54_321);
  for (const name of ["old.service", "old.service.d/run", "old.service.d"])
    utimesSync(join(units, name), 1_000_000, 1_000_000.5);
  lutimesSync(join(units, "old.service.d", "link"), 2_000_000, 2_000_000);
  paths = [join(units, "old.service"), join(units, "old.timer"), join(units, "old.service.d")];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function thrownBy(work: () => void): string {
  try {
    work();
    return "";
  } catch (error) {
    return String(error);
  }
}

/** Everything that `ls -l` and `cat` would show. */
function picture(directory: string): readonly unknown[] {
  return readdirSync(directory, { recursive: true })
    .map(String)
    .toSorted()
    .map((name) => {
      const path = join(directory, name);
      const { mode, uid, gid, mtimeMs } = lstatSync(path);
      const content = lstatSync(path).isSymbolicLink()
        ? readlinkSync(path)
        : lstatSync(path).isFile()
          ? readFileSync(path).toString("hex")
          : "";
      return [name, mode, uid, gid, mtimeMs, content];
    });
}

describe("the old side's files", () => {
  test("go aside as a whole, and come back byte for byte, with modes, owners, times and links", async () => {
    const before = picture(join(root, "system"));
    await putAside(paths, backup, 0);
    expect(readdirSync(join(root, "system"))).toEqual([]);
    expect(readBackup(backup)).toMatchObject({ version: 1, at: "1970-01-01T00:00:00.000Z" });
    putBack(backup);
    expect(picture(join(root, "system"))).toEqual(before);
  });

  test("both ways may be gone again", async () => {
    const before = picture(join(root, "system"));
    await putAside(paths, backup, 0);
    await putAside(paths, backup, 1);
    expect(readdirSync(join(root, "system"))).toEqual([]);
    putBack(backup);
    putBack(backup);
    expect(picture(join(root, "system"))).toEqual(before);
  });

  test("that were moved in part are finished from where they are", async () => {
    const before = picture(join(root, "system"));
    await putAside(paths, backup, 0);
    // As if only one original had gone.
    const { entries } = readBackup(backup)!;
    const kept = entries.find(({ path }) => path.endsWith("10.conf"))!;
    mkdirSync(join(root, "system", "old.service.d"));
    writeFileSync(kept.path, readFileSync(copyPath(backup, kept)));
    await putAside(paths, backup, 1);
    expect(readdirSync(join(root, "system"))).toEqual([]);
    putBack(backup);
    expect(picture(join(root, "system"))).toEqual(before);
  });

  test("are not lost when one changes while it is copied", async () => {
    await putAside(paths, backup, 0);
    putBack(backup);
    writeFileSync(join(root, "system", "old.service"), "changed");
    const error = await putAside(paths, backup, 1).catch((thrown: unknown) => String(thrown));
    expect(error).toContain("changed while it was copied");
    expect(readFileSync(join(root, "system", "old.service"), "utf8")).toBe("changed");
    expect(existsSync(join(root, "system", "old.service.d", "run"))).toBe(true);
  });

  test("do not come back over somebody else's", async () => {
    await putAside(paths, backup, 0);
    writeFileSync(join(root, "system", "old.service"), "a new one");
    const error = thrownBy(() => putBack(backup));
    expect(error).toContain("something else stands where the backup belongs");
    expect(readFileSync(join(root, "system", "old.service"), "utf8")).toBe("a new one");
    expect(existsSync(join(root, "system", "old.service.d"))).toBe(false);
  });

  test("do not come back from a backup that was changed", async () => {
    await putAside(paths, backup, 0);
    writeFileSync(copyPath(backup, { path: join(root, "system", "old.service") }), "tampered");
    const error = thrownBy(() => putBack(backup));
    expect(error).toContain("was changed");
    expect(readdirSync(join(root, "system"))).toEqual([]);
  });

  test("that are not there are left out", async () => {
    await putAside([join(root, "nothing")], backup, 0);
    expect(readBackup(backup)?.entries).toEqual([]);
    putBack(backup);
  });
});
