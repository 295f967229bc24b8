import { expect, test } from "bun:test";
import fc from "fast-check";
import { discoveredModules, readModules } from "./registry_modules.ts";
import type { RegisteredModule } from "./registry_modules.ts";

const ENTRY = `config:
  module: config
  enabled: true
  auto_discovered: true
  discovered_at: '2025-11-08T17:35:14.700422'
  py_files: 4
`;
const found = { name: "config", path: "config", discoveredAt: "2025-11-08T17:35:14.700422", pyFiles: 4 };

test.each([
  ["an entry", ENTRY, [found]],
  ["an entry among hand-written ones", `a: 1\nvoice: {module: src.voice}\nlist: [1]\n${ENTRY}`, [found]],
  ["an entry below capabilities:", `capabilities:\n${ENTRY.replaceAll(/^(?=.)/gm, "  ")}`, [found]],
  [
    "a time without quotes",
    ENTRY.replaceAll("'", ""),
    [{ ...found, discoveredAt: "2025-11-08T17:35:14.700Z" }],
  ],
  [
    "an entry without time and count",
    "x: {auto_discovered: yes}\n",
    [{ name: "x", path: "x", discoveredAt: "", pyFiles: undefined }],
  ],
  [
    "a nested module",
    "a: {module: tools.audio, auto_discovered: true}\n",
    [{ name: "audio", path: "tools.audio", discoveredAt: "", pyFiles: undefined }],
  ],
  ["nothing", "", []],
  ["only comments", "# c\n", []],
  ["a list", "- a\n", []],
])("discoveredModules() reads %s", (_, text, modules) => {
  expect(discoveredModules(text)).toEqual(modules);
});

test.each(["a: [\n", "a: 1\na: 2\n", "a: 1\n---\nb: 2\n"])("discoveredModules() refuses %j", (text) => {
  expect(() => discoveredModules(text)).toThrow(/line \d/);
});

const sorted = (modules: readonly RegisteredModule[] = []) =>
  modules.toSorted((a, b) => (a.path < b.path ? -1 : 1));

test("readModules() reads what was added as it reads the whole", () => {
  const piece = fc.constantFrom(
    ...[
      ENTRY,
      ENTRY.replaceAll("config", "audio"),
      ENTRY.replaceAll("\n", "\r\n"),
      "# c\n",
      "\n",
      "capabilities:\n",
    ],
    ...[
      "  x: {auto_discovered: true}\n",
      "y: &a {auto_discovered: true}\n",
      "z: *a\n",
      "t: |\n  text\n",
      "t: 'open\n",
      "x:\n",
    ],
    ...["  more: text\n", "- a\n", "---\n", "no line end"],
  );
  const attempt = (text: string, before?: ReturnType<typeof readModules>) => {
    try {
      return readModules(text, before);
    } catch {
      return undefined;
    }
  };
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 4 }), fc.array(piece, { maxLength: 2 }), (first, then) => {
      const before = attempt(first.join(""));
      const text = first.join("") + then.join("");
      const whole = attempt(text);
      // What cannot be read as a whole (a key twice) may still tell of its modules when read in parts.
      const read = attempt(text, before);
      if (whole !== undefined) expect(sorted(read?.modules)).toEqual(sorted(whole.modules));
    }),
    { numRuns: 1000 },
  );
});

test("readModules() does not parse again what it has read", () => {
  let read = readModules("");
  let text = "";
  const start = performance.now();
  for (let n = 0; n < 500; n += 1) {
    text += ENTRY.replaceAll("config", `module${n}`);
    read = readModules(text, read);
  }
  expect(read.modules).toHaveLength(500);
  // Parsing all of it each time takes 20 s.
  expect(performance.now() - start).toBeLessThan(4000);
});
