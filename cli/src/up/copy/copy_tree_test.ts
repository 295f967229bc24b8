import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { messageOf } from "@kloros/daemon";
import { readCopyNote } from "../home/copied_from.ts";
import { copyTree, type CopyOptions, type CopyProgress } from "./copy_tree.ts";

let directory: string;
let from: string;
let to: string;
let progress: CopyProgress[];
let options: CopyOptions;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kloros-copy-"));
  from = join(directory, "code");
  to = join(directory, "home/src");
  mkdirSync(dirname(to));
  progress = [];
  options = {
    abort: new AbortController().signal,
    nowMs: () => 0,
    onProgress: (step) => progress.push(step),
  };
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function write(path: string, text: string): void {
  const file = join(from, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Relative paths of all that lies below, directories included. */
function below(root: string): readonly string[] {
  return readdirSync(root, { recursive: true }).map(String).toSorted();
}

/** Why it failed; empty when it did not. */
async function refusalOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "",
    (error: unknown) => messageOf(error),
  );
}

describe("copyTree()", () => {
  test("copies files with their content, time and right to be executed", async () => {
    write("audio/mic.py", "print(1)");
    write("run.sh", "#!/bin/sh");
    chmodSync(join(from, "run.sh"), 0o555);
    utimesSync(join(from, "audio/mic.py"), 1000, 2000);
    utimesSync(join(from, "audio"), 1000, 3000);
    const copied = await copyTree(from, to, options);
    expect(copied).toMatchObject({ files: 2, bytes: 17, resumed: 0, failed: [] });
    expect(readFileSync(join(to, "audio/mic.py"), "utf8")).toBe("print(1)");
    expect(lstatSync(join(to, "audio/mic.py")).mtimeMs).toBe(2_000_000);
    expect(lstatSync(join(to, "audio")).mtimeMs).toBe(3_000_000);
    expect(lstatSync(join(to, "run.sh")).mode & 0o777).toBe(0o755);
    expect(readCopyNote(to)).toEqual({ from, copiedAt: "1970-01-01T00:00:00.000Z", files: 2, bytes: 17 });
    expect(below(dirname(to)).filter((path) => path.includes("partial"))).toEqual([]);
    expect(progress.at(-1)).toMatchObject({ phase: "copying", files: 2, filesTotal: 2, bytes: 17 });
  });

  test("leaves out links, histories, environments and caches, and counts them", async () => {
    write("keep.py", "");
    for (const path of [".git/HEAD", "node_modules/x/y.js", "a/__pycache__/z.pyc", ".venv/bin/python"]) {
      write(path, "x");
    }
    write("odd-name/pyvenv.cfg", "home = /usr");
    write("odd-name/lib/thing.py", "x");
    symlinkSync("/etc/passwd", join(from, "file-link"));
    symlinkSync("/etc", join(from, "directory-link"));
    const { leftOut } = await copyTree(from, to, options);
    expect(below(to)).toEqual([".copied_from.json", "keep.py"]);
    expect(leftOut).toMatchObject({ directories: 5, links: 2, special: 0, unreadable: 0 });
  });

  test("a home inside the tree is not copied into itself", async () => {
    write("keep.py", "");
    const inside = join(from, ".kloros/src");
    write(".kloros/intents/a.json", "{}");
    await copyTree(from, inside, options);
    expect(below(inside)).toEqual([".copied_from.json", "keep.py"]);
  });

  test("refuses a tree that does not fit, before anything is written, and says what to do", async () => {
    write("big.bin", "x".repeat(10_000));
    const copying = copyTree(from, to, { ...options, freeBytes: () => 64 * 1024 * 1024 + 12_000 });
    expect(await refusalOf(copying)).toMatch(/needs 12 KiB .* only 64.0 MiB free.*--in-place/);
    expect(below(dirname(to))).toEqual([]);
    expect((await copyTree(from, to, { ...options, freeBytes: () => 65 * 1024 * 1024 })).files).toBe(1);
  });

  test("refuses a tree of too many files", async () => {
    for (let n = 0; n < 4; n++) write(`${n}.py`, "");
    expect(await refusalOf(copyTree(from, to, { ...options, filesMax: 3 }))).toContain("more than 3 files");
  });

  test("goes on where it was interrupted, and is not there before it is whole", async () => {
    for (let n = 0; n < 40; n++) write(`${n}.py`, `${n}`);
    const stop = new AbortController();
    const interrupted = copyTree(from, to, {
      ...options,
      abort: stop.signal,
      onProgress: ({ files }) => {
        if (files >= 16) stop.abort(new Error("stopped"));
      },
    });
    expect(await refusalOf(interrupted)).toBe("stopped");
    expect(existsSync(to)).toBe(false);
    // Changed in between: has to be copied again.
    write("3.py", "three");
    const copied = await copyTree(from, to, options);
    expect(copied.files).toBe(40);
    expect(copied.resumed).toBeGreaterThanOrEqual(15);
    expect(copied.resumed).toBeLessThan(40);
    expect(readFileSync(join(to, "3.py"), "utf8")).toBe("three");
    expect(below(to).length).toBe(41);
  });

  test("a tree that is not there is an error, a file that vanishes is told", async () => {
    expect(await refusalOf(copyTree(join(directory, "nowhere"), to, options))).toContain("ENOENT");
    for (let n = 0; n < 20; n++) write(`${n}.py`, "x");
    const copied = await copyTree(from, to, {
      ...options,
      onProgress: ({ phase, files }) => {
        if (phase === "copying" && files === 8) for (let n = 0; n < 20; n++) rmSync(join(from, `${n}.py`));
      },
    });
    expect(copied.files).toBe(8);
    expect(copied.failed.length).toBe(12);
    expect(copied.failed[0]).toContain("ENOENT");
  });
});
