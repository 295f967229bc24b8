import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CRASH_POINTS } from "../ledger/crash_point.ts";
import { writeFileAtomic } from "./write_file_atomic.ts";

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kloros-atomic-"));
  path = join(directory, "registry.yaml");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe("writeFileAtomic()", () => {
  test("creates a file with the given mode and leaves nothing beside it", async () => {
    await writeFileAtomic(path, "new", { mode: 0o600 });
    expect(readFileSync(path, "utf8")).toBe("new");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(["registry.yaml"]);
  });

  test("keeps the mode of a file that is there", async () => {
    writeFileSync(path, "old");
    chmodSync(path, 0o664);
    await writeFileAtomic(path, "new", { mode: 0o600 });
    expect(readFileSync(path, "utf8")).toBe("new");
    expect(statSync(path).mode & 0o777).toBe(0o664);
  });

  test("replaces what a symbolic link points to and keeps the link", async () => {
    const real = join(directory, "real.yaml");
    writeFileSync(real, "old");
    symlinkSync(real, path);
    await writeFileAtomic(path, "new");
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, "utf8")).toBe("new");
  });

  test("takes turns when it is called many times at once", async () => {
    await Promise.all(Array.from({ length: 20 }, (_, n) => writeFileAtomic(path, `content ${n}`)));
    expect(readFileSync(path, "utf8")).toBe("content 19");
    expect(readdirSync(directory)).toHaveLength(1);
  });

  test("leaves the old content and no debris when the write fails", async () => {
    const missing = join(directory, "missing", "file");
    expect(writeFileAtomic(missing, "x")).rejects.toThrow("ENOENT");
  });

  const points = Object.keys(CRASH_POINTS).filter((name) => name.startsWith("files."));
  test.each(points)("shows old or new after a crash, never a part: %s", async (point) => {
    writeFileSync(path, "old");
    const code = `import { writeFileAtomic } from ${JSON.stringify(join(import.meta.dir, "write_file_atomic.ts"))};
      await writeFileAtomic(process.argv[1], "new");`;
    const child = Bun.spawn([process.execPath, "-e", code, path], {
      env: { ...process.env, KLOROS_CRASH_AT: point },
      stderr: "pipe",
    });
    await child.exited;
    expect(child.signalCode).toBe("SIGKILL");
    expect(readFileSync(path, "utf8")).toBe(point === "files.renamed" ? "new" : "old");
    await writeFileAtomic(path, "newest");
    expect(readFileSync(path, "utf8")).toBe("newest");
    expect(readdirSync(directory)).toHaveLength(1);
  });
});
