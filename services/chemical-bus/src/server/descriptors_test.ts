import { expect, test } from "bun:test";
import { join } from "node:path";
import { areScarce, readDescriptors } from "./descriptors.ts";

test("counts what this process holds, and the kernel's limit", () => {
  const { open, limit } = readDescriptors();
  expect(open).toBeGreaterThan(2);
  expect(limit).toBeGreaterThan(open);
});

test("are scarce when there is none left even to look", async () => {
  const program = `
    const { openSync } = require("node:fs");
    const { areScarce, readDescriptors } = await import(${JSON.stringify(join(import.meta.dir, "descriptors.ts"))});
    try { for (;;) openSync("/dev/null", "r"); } catch {}
    console.log(areScarce(readDescriptors(), false));`;
  const child = Bun.spawn(["sh", "-c", 'ulimit -n 64; exec "$0" -e "$1"', process.execPath, program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  expect((await child.stdout.text()).trim()).toBe("true");
});

test("stay scarce until there is more room than when they became so", () => {
  const at = (open: number, already: boolean) => areScarce({ open, limit: 1000 }, already);
  expect([at(750, false), at(751, false), at(751, true), at(625, true)]).toEqual([false, true, true, false]);
});
