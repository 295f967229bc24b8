import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { plant } from "./fault.ts";
import { FAULTS } from "./faults.ts";
import { PAGE } from "./record.ts";

const ROOT = join(import.meta.dirname, "../..");
const transpiler = new Bun.Transpiler({ loader: "ts" });

test("every fault still finds its text exactly once, and what it plants can be read as TypeScript", () => {
  for (const fault of FAULTS) {
    const planted = plant(fault, readFileSync(join(ROOT, fault.file), "utf8"));
    expect(() => transpiler.transformSync(planted), fault.name).not.toThrow();
  }
});

test("every fault names tests that are there", () => {
  for (const { name, tests } of FAULTS) {
    expect(tests, name).not.toBeEmpty();
    for (const path of tests) expect(existsSync(join(ROOT, path)), `${name}: ${path}`).toBeTrue();
  }
});

test("faults have names of their own", () => {
  expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
});

test("plant() refuses a text that is gone, one that stands twice, and a change that is none", () => {
  const fault = { name: "f", file: "a.ts", before: "x", after: "y", breaks: "p", tests: ["t"] };
  expect(plant(fault, "a x b")).toBe("a y b");
  expect(() => plant(fault, "a b")).toThrow("stands 0 times in a.ts");
  expect(() => plant(fault, "x x")).toThrow("stands 2 times in a.ts");
  expect(() => plant({ ...fault, after: "x" }, "x")).toThrow("changes nothing");
});

test("the page about reliability lists every fault and its promise; ./scripts/mutate --record writes it", () => {
  const page = readFileSync(join(ROOT, PAGE), "utf8");
  const missing = FAULTS.filter(
    ({ name, breaks }) => !page.includes(`| \`${name}\``) || !page.includes(breaks),
  );
  expect(missing.map(({ name }) => name)).toEqual([]);
});
