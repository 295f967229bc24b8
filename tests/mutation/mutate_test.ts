import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CopiedTree } from "./copied_tree.ts";
import type { Fault } from "./fault.ts";
import { mutate } from "./mutate.ts";
import { withSection } from "./record.ts";

const house = mkdtempSync(join(tmpdir(), "kloros-mutate-test-"));
afterAll(() => {
  rmSync(house, { recursive: true, force: true });
});

const FILE = "packages/sum.ts";
const TEXT = "export const sum = (a: number, b: number) => a + b;\nexport const unasked = 1;\n";
mkdirSync(join(house, "packages"), { recursive: true });
mkdirSync(join(house, "services"));
mkdirSync(join(house, "cli"));
mkdirSync(join(house, "node_modules"));
for (const name of ["package.json", "tsconfig.json"]) writeFileSync(join(house, name), "{}");
writeFileSync(join(house, "bunfig.toml"), "");
writeFileSync(join(house, FILE), TEXT);
const testOf = (name: string, expectation: string): string => {
  const path = `packages/${name}_test.ts`;
  const lines = [
    'import { expect, test } from "bun:test";',
    'import { sum } from "./sum.ts";',
    `test("adds", () => { ${expectation} });`,
  ];
  writeFileSync(join(house, path), lines.join("\n"));
  return path;
};
const good = testOf("good", "expect(sum(1, 2)).toBe(3);");
const wrong = testOf("wrong", "expect(sum(1, 2)).toBe(4);");

const fault = (name: string, over: Partial<Fault> = {}): Fault => ({
  name,
  file: FILE,
  before: "a + b",
  after: "a - b",
  breaks: "sums are sums",
  tests: [good],
  ...over,
});

test("mutate() tells what was caught, what survived and what cannot be told, and leaves the checkout alone", async () => {
  const tree = new CopiedTree(house);
  const said: string[] = [];
  const faults = [
    fault("caught"),
    fault("survived", { before: "unasked = 1", after: "unasked = 2" }),
    fault("unsound", { tests: [wrong] }),
    fault("unreadable", { after: "a + (" }),
  ];
  const stop = new AbortController().signal;
  const results = await mutate(tree, faults, { say: (text) => said.push(text), stop });
  expect(results.map(({ verdict }) => verdict)).toEqual(["caught", "survived", "unclear", "unclear"]);
  expect(results[0]?.by).toBe("adds");
  expect(said[1]).toStartWith("2/4 survived: survived (");
  expect(readFileSync(join(tree.root, FILE), "utf8")).toBe(TEXT);
  expect(readFileSync(join(house, FILE), "utf8")).toBe(TEXT);
  tree.remove();
});

test("withSection() replaces its own section and leaves the others", () => {
  const page = "# Reliability\n\n## Planted faults\n\nold\n\n## Others\n\ntext\n";
  const written = "## Planted faults\n\nnew\n";
  expect(withSection(page, written)).toBe("# Reliability\n\n## Planted faults\n\nnew\n\n## Others\n\ntext\n");
  expect(withSection("# Reliability\n", written)).toBe("# Reliability\n\n## Planted faults\n\nnew\n");
});
