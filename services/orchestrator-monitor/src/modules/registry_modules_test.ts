import { expect, test } from "bun:test";
import { discoveredModules } from "./registry_modules.ts";

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
