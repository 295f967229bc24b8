import { describe, expect, test } from "bun:test";
import { checkTree, RULES } from "./tidy_rules.ts";
import { treeFile } from "./tree_files.ts";

type Tree = Readonly<Record<string, string>>;

function findingsIn(tree: Tree): string[] {
  const files = Object.entries(tree).map(([path, text]) => treeFile(path, text));
  return checkTree(files, []).map((finding) => `${finding.rule} ${finding.path}:${finding.line}`);
}

const FILE = "packages/zmq/src/socket.ts";
const DECIDE = "services/intent-router/src/decide.ts";
const MANIFEST = JSON.stringify({ exports: { ".": "./src/mod.ts" } });

function lines(count: number, text = "//"): string {
  return Array.from({ length: count }, () => text).join("\n");
}

/** For each rule: trees that break it once (with the line), and trees close by that do not. */
const CASES: Readonly<Record<string, { bad: readonly (readonly [Tree, string])[]; good: readonly Tree[] }>> =
  {
    parses: { bad: [[{ [FILE]: "const = 1" }, `${FILE}:1`]], good: [{ [FILE]: "export const a = 1;" }] },
    "file-names": {
      bad: [
        [{ "packages/zmq/src/mySocket.ts": "" }, "packages/zmq/src/mySocket.ts:1"],
        [{ "packages/zmq/src/my-socket.ts": "" }, "packages/zmq/src/my-socket.ts:1"],
        [{ "packages/my_zmq/src/a.ts": "" }, "packages/my_zmq/src/a.ts:1"],
      ],
      good: [{ [FILE]: "", "packages/zmq/src/so_file.d.ts": "", "tests/e2e/tree/my_module/__init__.py": "" }],
    },
    "vague-names": {
      bad: [
        [{ "packages/zmq/src/socket_utils.ts": "" }, "packages/zmq/src/socket_utils.ts:1"],
        [{ "tests/helpers/a.md": "" }, "tests/helpers/a.md:1"],
      ],
      good: [{ "packages/zmq/src/commonality.ts": "" }],
    },
    "versions-beside": {
      bad: [[{ "packages/zmq/src/a.ts": "", "packages/zmq/src/a_v2.ts": "" }, "packages/zmq/src/a_v2.ts:1"]],
      good: [{ "packages/zmq/src/a_v2.ts": "" }],
    },
    "no-default-exports": {
      bad: [[{ [FILE]: "const a = 1;\nexport default a;" }, `${FILE}:2`]],
      good: [
        { [FILE]: "// export default\nexport const a = `export default b`;" },
        {
          "packages/zmq/src/wasm.d.ts":
            'declare module "*.wasm" { const path: string; export default path; }',
        },
      ],
    },
    "no-export-star": {
      bad: [[{ [FILE]: 'export * from "./a.ts";' }, `${FILE}:1`]],
      good: [{ [FILE]: 'export { a } from "./a.ts";' }],
    },
    "no-any": {
      bad: [
        [{ [FILE]: "export const a: any = 1;" }, `${FILE}:1`],
        [{ [FILE]: "\nexport const a = [] as Array<any>;" }, `${FILE}:2`],
      ],
      good: [{ [FILE]: "export const any = 'any'; // any" }],
    },
    "explicit-doors": {
      bad: [
        [{ "packages/zmq/src/mod.ts": "export const a = 1;" }, "packages/zmq/src/mod.ts:1"],
        [{ "cli/src/mod.ts": 'export { a, type B } from "./a.ts";' }, "cli/src/mod.ts:1"],
      ],
      good: [{ "packages/zmq/src/mod.ts": 'export { a } from "./a.ts";\nexport type { B } from "./a.ts";' }],
    },
    "function-length": {
      bad: [
        [{ [FILE]: `export function f(): void {\n${lines(79)}\n}` }, `${FILE}:1`],
        [{ [FILE]: `\nexport const f = (): void => {\n${lines(79)}\n};` }, `${FILE}:2`],
        [{ "packages/zmq/src/a_test.ts": `a(() => {\n${lines(149)}\n});` }, "packages/zmq/src/a_test.ts:1"],
        [{ [FILE]: `export class A {\n  m(): void {\n${lines(79)}\n}}` }, `${FILE}:2`],
      ],
      good: [
        { [FILE]: `export function f(): void {\n${lines(78)}\n}` },
        { "packages/zmq/src/a_test.ts": `a(() => {\n${lines(148)}\n});` },
        // A suite's callback is as long as its tests, and each of those is a function of its own.
        { [FILE]: `a(() => {\n  b(() => {\n${lines(60)}\n  });\n  b(() => {\n${lines(60)}\n  });\n});` },
      ],
    },
    "file-length": {
      bad: [
        [{ [FILE]: lines(401) }, `${FILE}:401`],
        [{ "scripts/up": lines(401, "#") }, "scripts/up:401"],
      ],
      good: [{ [FILE]: `${lines(400)}\n`, "docs/adr/0001-long.md": lines(500), "bun.lock": lines(5000) }],
    },
    "short-mains": {
      bad: [[{ "services/chemical-bus/src/main.ts": lines(31) }, "services/chemical-bus/src/main.ts:31"]],
      good: [{ "services/chemical-bus/src/main.ts": lines(30), "tests/bench/main.ts": lines(31) }],
    },
    "pure-decisions": {
      bad: [
        [{ [DECIDE]: 'import { readFileSync } from "node:fs";' }, `${DECIDE}:1`],
        [{ [DECIDE]: 'import { connect } from "@kloros/bus-client";' }, `${DECIDE}:1`],
        [{ [DECIDE]: "export const now = (): number => Date.now();" }, `${DECIDE}:1`],
        [{ [DECIDE]: "\nexport const now = (): Date => new Date();" }, `${DECIDE}:2`],
        [{ [DECIDE]: "export const r = (): number => Math.random();" }, `${DECIDE}:1`],
        [{ [DECIDE]: "setTimeout(() => undefined, 1);" }, `${DECIDE}:1`],
        [
          {
            [DECIDE]: '\nimport { a } from "./rank.ts";',
            "services/intent-router/src/rank.ts": "export const a = performance.now();",
          },
          `${DECIDE}:2`,
        ],
      ],
      good: [
        { [DECIDE]: 'import type { Delivery } from "@kloros/bus-client";\nexport const d = new Date(0);' },
        {
          [DECIDE]: 'import { a } from "./a.ts";',
          "services/intent-router/src/a.ts": 'import { b } from "./decide.ts";',
        },
        { "services/intent-router/src/decide_test.ts": 'import { tmpdir } from "node:os";' },
      ],
    },
    "process-wide": {
      bad: [
        [{ [FILE]: 'process.on("SIGTERM", () => undefined);' }, `${FILE}:1`],
        [{ [FILE]: "\nsetInterval(() => undefined, 1);" }, `${FILE}:2`],
      ],
      good: [
        { "packages/daemon/src/timers.ts": "setInterval(() => undefined, 1);" },
        { "packages/zmq/src/socket_test.ts": 'process.on("exit", () => undefined);' },
      ],
    },
    "no-loose-ends": {
      bad: [[{ "docs/architecture.md": "one\nTODO: two" }, "docs/architecture.md:2"]],
      good: [{ "docs/architecture.md": "a todo list; TODOS" }],
    },
    "no-machine-paths": {
      bad: [
        [{ "docs/a.md": "cd /work/project" }, "docs/a.md:1"],
        [{ "docs/a.md": "\n/root/.bashrc" }, "docs/a.md:2"],
        [{ "docs/a.md": "see /home/someone/x" }, "docs/a.md:1"],
        [{ "bunfig.toml": 'registry = "https://registry.example.com/"' }, "bunfig.toml:1"],
      ],
      good: [{ "docs/a.md": "/home/kloros/.kloros, <home>/work/x, ./root/x, src/work/a, the npm registry" }],
    },
    "generated-headers": {
      bad: [[{ "docs/reference/signals.md": "# Signals" }, "docs/reference/signals.md:1"]],
      good: [{ "docs/reference/signals.md": "<!-- Generated by x.ts -->\n# Signals" }],
    },
    "package-readme": {
      bad: [[{ "packages/zmq/package.json": MANIFEST }, "packages/zmq/package.json:1"]],
      good: [{ "packages/zmq/package.json": MANIFEST, "packages/zmq/README.md": "# zmq" }],
    },
    "package-doors": {
      bad: [
        [
          { "cli/README.md": "", "cli/package.json": JSON.stringify({ exports: { ".": "./src/main.ts" } }) },
          "cli/package.json:1",
        ],
        [
          {
            "cli/README.md": "",
            "cli/package.json": JSON.stringify({
              exports: { ".": "./src/mod.ts", "./inner": "./src/inner.ts" },
            }),
          },
          "cli/package.json:1",
        ],
      ],
      good: [{ "packages/zmq/package.json": MANIFEST, "packages/zmq/README.md": "" }],
    },
  };

describe("tidy", () => {
  test("has a violation and a near miss here for each of its rules", () => {
    expect(Object.keys(CASES).toSorted()).toEqual(RULES.map((rule) => rule.name).toSorted());
  });

  for (const [rule, { bad, good }] of Object.entries(CASES)) {
    test(`${rule} finds each violation, at its line, and nothing else`, () => {
      for (const [tree, place] of bad) expect(findingsIn(tree)).toEqual([`${rule} ${place}`]);
    });
    test(`${rule} leaves alone what is only close to one`, () => {
      for (const tree of good) expect(findingsIn(tree)).toEqual([]);
    });
  }

  test("an allowance silences one rule in one file, and is a finding when nothing needs it", () => {
    const broken = treeFile(FILE, "export default 1;");
    const allowance = { rule: "no-default-exports", path: FILE, reason: "a tool wants it" };
    expect(checkTree([broken], [allowance])).toEqual([]);
    expect(checkTree([treeFile(FILE, "")], [allowance]).map((finding) => finding.rule)).toEqual([
      "allowances",
    ]);
    expect(checkTree([broken], [{ ...allowance, path: "cli/src/a.ts" }])).toHaveLength(2);
  });
});
