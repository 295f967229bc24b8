import { expect, test } from "bun:test";
import { fuzz, FUZZ_LIMIT_MS } from "@kloros/signal-schema/testing";
import { parseRegistry, RegistrySyntaxError } from "./registry_document.ts";
import { insertEntry, RegistryEditError, removeEntry } from "./registry_edit.ts";
import { makeEntry } from "./registry_entry.ts";

const ENTRY = makeEntry("config", 4, "2025-11-08T17:35:14.700422");

const SAMPLES = [
  "# Registry\naudio:\n  module: audio\n  enabled: true\n\nmemory:\n  module: memory\n  discovered_at: '2025-11-08T17:35:14.700422'\n",
  "capabilities:\n    audio: &a\n        module: audio\n    other: *a\nversion: 2\n",
  '{"audio": {"module": "audio", "auto_discovered": true}, "b": {}}',
  "---\r\na: {module: a}\r\nb:\r\n  text: |+\r\n    lines\r\n\r\n...\r\n",
  "\uFEFFcapabilities:\n",
  "base: &b {x: 1}\nc:\n  <<: *b\n  list:\n  - 1\n  - [2, 3]\n  when: 2025-11-08\n  folded: >-\n    words\n",
  "",
];
const WORDS = [
  "capabilities",
  "module",
  "auto_discovered",
  "&a",
  "*a",
  "<<: *a",
  "? ",
  "!!set",
  "---",
  "...",
  "|",
  ">",
  "%YAML 1.2\n",
  "config",
];

/** Undefined: refused as the module says. Whatever else is thrown is a finding. */
function unlessRefused<T>(task: () => T): T | undefined {
  try {
    return task();
  } catch (error) {
    if (error instanceof RegistryEditError) return undefined;
    if (!(error instanceof RegistrySyntaxError)) throw error;
    expect(error.line).toBeGreaterThan(0);
    expect(error.column).toBeGreaterThan(0);
    return undefined;
  }
}

/** The YAML reader takes time by the square of keys and errors: half a second for 64 KiB of nothing else. */
const YAML_BOUND_MS = 1500;

test(
  "any bytes as a registry are refused with their place, or take an entry and give it back",
  async () => {
    await fuzz({ samples: SAMPLES, words: WORDS, boundMs: YAML_BOUND_MS }, (bytes) => {
      const text = Buffer.from(bytes).toString("utf8");
      const document = unlessRefused(() => parseRegistry(text));
      if (document === undefined) return;
      const edit = unlessRefused(() => insertEntry(document, "config", ENTRY));
      if (edit === undefined) return;
      const { inserted } = edit;
      expect(parseRegistry(edit.document.text).entries.get("config")?.module).toBe("config");
      expect(removeEntry(edit.document.text, { key: "config", entry: ENTRY, inserted })).toEqual({
        removed: true,
        text,
      });
    });
  },
  FUZZ_LIMIT_MS,
);

test.each([
  ["an alias inside of what it names", "a: &a\n  module:b: *a\n", 2, 13],
  ["such an alias in a merge", "a: &a {<<: *a}\n", 1, 12],
  ["endless nesting", `a: ${"[".repeat(3000)}${"]".repeat(3000)}\n`, 1, 103],
])("%s is refused with its place", (_what, text, line, column) => {
  try {
    parseRegistry(text);
  } catch (error) {
    expect(error).toBeInstanceOf(RegistrySyntaxError);
    expect(error).toMatchObject({ line, column });
    return;
  }
  throw new Error("it was taken");
});
