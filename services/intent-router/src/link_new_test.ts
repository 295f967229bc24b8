import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { linkNew } from "./link_new.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "kr-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A file system of its own: nothing can be linked from there to here. */
const ELSEWHERE = "/dev/shm";

test("a file gets a second name, and one that is taken is left alone", () => {
  writeFileSync(join(root, "a"), "one");
  expect(linkNew(join(root, "a"), join(root, "b"))).toBe(true);
  expect(statSync(join(root, "b")).ino).toBe(statSync(join(root, "a")).ino);
  writeFileSync(join(root, "c"), "two");
  expect(linkNew(join(root, "c"), join(root, "b"))).toBe(false);
  expect(readFileSync(join(root, "b"), "utf8")).toBe("one");
});

test.skipIf(statSync(ELSEWHERE, { throwIfNoEntry: false })?.dev === statSync(tmpdir()).dev)(
  "one that cannot be linked is copied, with its time; a name that is taken is left alone",
  () => {
    const from = mkdtempSync(join(ELSEWHERE, "kr-"));
    try {
      writeFileSync(join(from, "a"), "one");
      utimesSync(join(from, "a"), 1000, 2000.5);
      expect(linkNew(join(from, "a"), join(root, "b"))).toBe(true);
      expect(readFileSync(join(root, "b"), "utf8")).toBe("one");
      expect(statSync(join(root, "b")).mtimeMs).toBe(2_000_500);
      expect(linkNew(join(from, "a"), join(root, "b"))).toBe(false);
      expect(readdirSync(root)).toEqual(["b"]);
    } finally {
      rmSync(from, { recursive: true });
    }
  },
);

test.skipIf(process.getuid?.() !== 0)("another user's file, which may not be linked, is copied", async () => {
  mkdirSync(join(root, "d"));
  writeFileSync(join(root, "d", "a"), "one", { mode: 0o644 });
  for (const path of [root, join(root, "d")]) chownSync(path, 65_534, 65_534);
  const script = `import { linkNew } from ${JSON.stringify(join(import.meta.dir, "link_new.ts"))};
    process.setuid(65534);
    console.log(linkNew(${JSON.stringify(join(root, "d", "a"))}, ${JSON.stringify(join(root, "d", "b"))}));`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdio: ["ignore", "pipe", "pipe"] });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  expect([out.trim(), err]).toEqual(["true", ""]);
  expect(readFileSync(join(root, "d", "b"), "utf8")).toBe("one");
});
