import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseRegistry, RegistrySyntaxError } from "./registry_document.ts";
import type { RegistryDocument } from "./registry_document.ts";
import { insertEntry, RegistryEditError, removeEntry } from "./registry_edit.ts";
import { entryContent, makeEntry } from "./registry_entry.ts";
import type { RegistryEntry } from "./registry_entry.ts";
import {
  arbitraryEntry,
  arbitraryKey,
  arbitraryRegistryText,
  TREACHEROUS,
} from "./testing/arbitrary_registry.ts";

const TIME = "2025-11-08T17:35:14.700422";
const entry = makeEntry("config", 4, TIME);
const LINES = [
  "config:",
  "  module: config",
  "  enabled: true",
  "  description: Module component (4 files)",
  "  auto_discovered: true",
  "  discovered_at: '2025-11-08T17:35:14.700422'",
  "  py_files: 4",
];
const BLOCK = `${LINES.join("\n")}\n`;

const inserted = (text: string, key = "config"): string =>
  insertEntry(parseRegistry(text), key, entry).document.text;
const indented = (by: string): string => BLOCK.replaceAll(/^/gm, by).slice(0, -by.length);

describe("insertEntry()", () => {
  const cases: [string, string, string][] = [
    ["an empty file", "", BLOCK],
    ["only comments", "# Registry\n", `# Registry\n${BLOCK}`],
    ["a document start", "---\n", `---\n${BLOCK}`],
    ["a byte order mark", "\uFEFFa: {module: a}\n", `\uFEFFa: {module: a}\n${BLOCK}`],
    [
      "entries side by side",
      "a:\n  module: a\nb:\n  module: b\n",
      `a:\n  module: a\nb:\n  module: b\n${BLOCK}`,
    ],
    [
      "entries with a blank line between",
      "a:\n  m: 1\n\n# b\nb:\n  m: 2\n",
      `a:\n  m: 1\n\n# b\nb:\n  m: 2\n\n${BLOCK}`,
    ],
    ["a comment at the end", "a:\n  m: 1\n# end\n", `a:\n  m: 1\n# end\n${BLOCK}`],
    ["a missing last line break, which stays missing", "a: {m: 1}", `a: {m: 1}\n${BLOCK.slice(0, -1)}`],
    [
      "a block text without a last line break, behind a byte order mark",
      "\uFEFFa:\n  t: |\n    x",
      `\uFEFF${BLOCK}a:\n  t: |\n    x`,
    ],
    [
      "a comment without a last line break, behind a block text",
      "a:\n  t: |\n    x\n# end",
      `a:\n  t: |\n    x\n# end\n${BLOCK.slice(0, -1)}`,
    ],
    ["CRLF", "a:\r\n  m: 1\r\n", `a:\r\n  m: 1\r\n${BLOCK.replaceAll("\n", "\r\n")}`],
    ["a document end", "a: {m: 1}\n...\n# after\n", `a: {m: 1}\n${BLOCK}...\n# after\n`],
    ["indentation by four", "a:\n    m: 1\n", `a:\n    m: 1\n${BLOCK.replaceAll("\n  ", "\n    ")}`],
    ["an empty container", "capabilities:\n", `capabilities:\n${indented("  ")}`],
    [
      "a container that is last",
      "v: 1\ncapabilities:\n  a:\n    m: 1\n",
      `v: 1\ncapabilities:\n  a:\n    m: 1\n${indented("  ")}`,
    ],
    [
      "a container with more behind it",
      "capabilities:\n  a: {m: 1}\n# c\nv: 1\n",
      `capabilities:\n  a: {m: 1}\n${indented("  ")}# c\nv: 1\n`,
    ],
    [
      "a module named capabilities, which is no container",
      "capabilities:\n  module: x\n",
      `capabilities:\n  module: x\n${BLOCK}`,
    ],
    [
      "anchors, aliases and merge keys",
      "a: &x {m: 1}\nb: *x\nc:\n  <<: *x\n",
      `a: &x {m: 1}\nb: *x\nc:\n  <<: *x\n${BLOCK}`,
    ],
    ["a text that would swallow a line break, so in front", "a: |\n  text", `${BLOCK}a: |\n  text`],
  ];
  test.each(cases)("fits into %s", (_, before, after) => {
    expect(inserted(before)).toBe(after);
  });

  const pair = `"config": {"module": "config", "enabled": true, "description": "Module component (4 files)", "auto_discovered": true, "discovered_at": "${TIME}", "py_files": 4}`;
  test.each([
    ["{}", `{${pair}}`],
    ['{"a": {"module": "a"}}\n', `{"a": {"module": "a"}, ${pair}}\n`],
    ["{a: {m: 1},}\n", `{a: {m: 1}, ${pair},}\n`],
    ["capabilities: {}\nv: 1\n", `capabilities: {${pair}}\nv: 1\n`],
  ])("keeps flow style: %j", (before, after) => {
    expect(inserted(before)).toBe(after);
  });

  test.each([
    ["a: 1\nb: [\n", 3, "Flow sequence"],
    ["a:\n\tb: 1\n", 2, "Tabs"],
    ["a: 1\na: 2\n", 2, "unique"],
    ["a:\n  b: 1\n  b: 2\n", 3, "unique"],
    ["- a\n- b\n", 1, "not a mapping"],
    ["# c\nhello\n", 2, "not a mapping"],
    ["a: 1\n---\nb: 1\n", 2, "several YAML documents"],
    ["a: 1\nb: *missing\n", 2, "Unresolved alias"],
    ["capabilities:\n- a\n", 2, "not a mapping"],
    ["a: 'x\n", 2, "quote"],
  ])("refuses %j and names line %p", (text, line, words) => {
    const failure = caught(() => inserted(text));
    expect(failure).toBeInstanceOf(RegistrySyntaxError);
    expect((failure as RegistrySyntaxError).line).toBe(line);
    expect((failure as RegistrySyntaxError).message).toContain(words);
  });

  test.each(["config: {module: other}\n", "capabilities:\n  config: {module: other}\n"])(
    "refuses a key that is taken: %j",
    (text) => expect(() => inserted(text)).toThrow('the registry has an entry "config" already'),
  );

  test.each(["", "x".repeat(1100), "a\ud800"])("refuses a key that no YAML file can hold: %j", (key) => {
    expect(() => inserted("", key)).toThrow(RegistryEditError);
  });

  test.each(TREACHEROUS.filter((word) => word !== ""))(
    "keeps a key and module called %j what it is",
    (word) => {
      const { document } = insertEntry(parseRegistry(""), word, makeEntry(word, 1, TIME));
      expect(parseRegistry(document.text).entries.get(word)?.module).toBe(word);
    },
  );
});

describe("removeEntry()", () => {
  const what = (text: string) => ({
    key: "config",
    entry,
    inserted: insertEntry(parseRegistry(text), "config", entry).inserted,
  });

  test("refuses when the entry was changed", () => {
    for (const [from, to] of [
      ["py_files: 4", "py_files: 40"],
      ["enabled: true", "enabled: false"],
      ["  module", "  # mine\n  module"],
    ] as const) {
      const text = inserted("a: {m: 1}").replace(from, to);
      expect(removeEntry(text, what("a: {m: 1}"))).toMatchObject({ removed: false, reason: "changed" });
    }
  });

  test("refuses when an attribute was added at its end, which would fall to the entry before", () => {
    const text = `${inserted("a:\n  m: 1\n")}  owner: me\n`;
    expect(removeEntry(text, what("a:\n  m: 1\n"))).toMatchObject({ removed: false, reason: "changed" });
  });

  test("refuses when the entry is gone", () => {
    expect(removeEntry("a: {m: 1}\n", what("a: {m: 1}\n"))).toMatchObject({
      removed: false,
      reason: "absent",
    });
  });

  test("finds the entry where others came before and behind it", () => {
    const text = `first: {m: 0}\n${inserted("a: {m: 1}\n")}last: {m: 2}\n`;
    expect(removeEntry(text, what("a: {m: 1}\n"))).toEqual({
      removed: true,
      text: "first: {m: 0}\na: {m: 1}\nlast: {m: 2}\n",
    });
  });

  test("does not touch a text that merely quotes the entry", () => {
    const quoting = `note: |\n${BLOCK.replaceAll(/^(?=.)/gm, "  ")}`;
    const text = inserted(quoting);
    expect(removeEntry(text, { key: "config", entry, inserted: BLOCK })).toEqual({
      removed: true,
      text: quoting,
    });
  });
});

function caught(task: () => unknown): unknown {
  try {
    task();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

function parsedOrSkipped(text: string): RegistryDocument {
  try {
    return parseRegistry(text);
  } catch (error) {
    if (error instanceof RegistrySyntaxError) fc.pre(false);
    throw error;
  }
}

interface Step {
  readonly key: string;
  readonly entry: RegistryEntry;
  readonly inserted: string;
}

function insertAll(start: RegistryDocument, wanted: readonly (readonly [string, RegistryEntry])[]) {
  const steps: Step[] = [];
  let document = start;
  for (const [key, added] of wanted) {
    if (document.entries.has(key)) continue;
    const result = insertEntry(document, key, added);
    steps.push({ key, entry: added, inserted: result.inserted });
    document = result.document;
  }
  return { steps, document };
}

const wantedEntries = fc.array(fc.tuple(arbitraryKey, arbitraryEntry), { minLength: 1, maxLength: 4 });

describe("random registries", () => {
  test("insertions, taken back in any order, leave the text as it was", () => {
    let edited = 0;
    fc.assert(
      fc.property(
        arbitraryRegistryText,
        wantedEntries,
        fc.infiniteStream(fc.nat(100)),
        (before, wanted, order) => {
          const { steps, document } = insertAll(parsedOrSkipped(before), wanted);
          let text = document.text;
          while (steps.length > 0) {
            const [step] = steps.splice((order.next().value ?? 0) % steps.length, 1);
            const removal = step === undefined ? undefined : removeEntry(text, step);
            expect(removal).toMatchObject({ removed: true });
            if (removal?.removed === true) text = removal.text;
          }
          expect(text).toBe(before);
          edited += 1;
        },
      ),
      { numRuns: 300 },
    );
    expect(edited).toBeGreaterThan(200);
  });

  test("the quick way for entries in a row gives what parsing everything gives", () => {
    fc.assert(
      fc.property(arbitraryRegistryText, wantedEntries, (before, wanted) => {
        const { steps, document } = insertAll(parsedOrSkipped(before), wanted);
        const again = parseRegistry(document.text);
        for (const step of steps) {
          expect(again.entries.get(step.key)?.module).toBe(step.entry.module);
          expect(document.entries.get(step.key)?.module).toBe(step.entry.module);
        }
        expect([...again.entries.keys()].sort()).toEqual([...document.entries.keys()].sort());
        expect(again.at).toMatchObject({
          end: document.at.end,
          indent: document.at.indent,
          style: document.at.style,
        });
      }),
      { numRuns: 150 },
    );
  });
});

const PYTHON = "/usr/bin/python3";
const pythonYaml = existsSync(PYTHON) && Bun.spawnSync([PYTHON, "-c", "import yaml"]).exitCode === 0;

/** Loads each pair of texts; prints the numbers of those where an old entry changed or the new one is not as meant. */
const PYTHON_CHECK = `
import json, sys, yaml
bad = []
for n, case in enumerate(json.load(open(sys.argv[1]))):
    try:
        before = yaml.safe_load(case["before"])
    except yaml.YAMLError:
        continue
    after = yaml.safe_load(case["after"])
    home = after
    for name in case["path"]: home = home[name]
    if home.pop(case["key"]) != case["entry"]: bad.append(n)
    old = before
    for name in case["path"]: old = old[name] if old else old
    if (old or {}) != home: bad.append(n)
    if case["path"] and {k: v for k, v in before.items() if k != case["path"][0]} != {k: v for k, v in after.items() if k != case["path"][0]}: bad.append(n)
print(json.dumps(bad))
`;

test.skipIf(!pythonYaml)("Python's yaml loads what was meant (skipped without python3-yaml)", () => {
  const cases = fc
    .sample(fc.tuple(arbitraryRegistryText, arbitraryKey, arbitraryEntry), { numRuns: 200, seed: 11 })
    .concat(TREACHEROUS.filter(Boolean).map((word) => ["a: {m: 1}\n", word, makeEntry(word, 3, TIME)]))
    .flatMap(([before, key, added]) => {
      try {
        const document = parseRegistry(before);
        const after = insertEntry(document, key, added).document.text;
        return [
          { before, after, key, path: document.at.path, entry: Object.fromEntries(entryContent(added)) },
        ];
      } catch {
        return [];
      }
    });
  const directory = mkdtempSync(join(tmpdir(), "kloros-yaml-"));
  try {
    const file = join(directory, "cases.json");
    writeFileSync(file, JSON.stringify(cases));
    const run = Bun.spawnSync([PYTHON, "-c", PYTHON_CHECK, file]);
    expect(run.stderr.toString()).toBe("");
    const bad = JSON.parse(run.stdout.toString()) as number[];
    expect(bad.map((n) => cases[n])).toEqual([]);
    expect(cases.length).toBeGreaterThan(150);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
