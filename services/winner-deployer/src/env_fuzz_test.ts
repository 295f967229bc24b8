import { expect, test } from "bun:test";
import { fuzz, FUZZ_LIMIT_MS } from "@kloros/signal-schema/testing";
import { effective, EnvSyntaxError, parseEnv } from "./env_document.ts";
import { EnvEditError, restoreKeys, setKeys } from "./env_edit.ts";

const SAMPLES = [
  '# Settings\nKLR_VOICE_RATE=1.25\nexport KLR_NAME=\'it is\'\n\nKLR_TEXT="a \\" b"   # note\n',
  "A=1\r\nB = 2\r\nLONG=one\\\r\ntwo\r\n; old\r\n",
  "\uFEFFKLR_A=x",
  'KLR_A="over\nlines"\nKLR_A=again\n',
  "",
];
const WORDS = ["KLR_A", "KLR_VOICE_RATE", "export ", "=", "\\\n", "$(id)", "${HOME}", "# ", ";", "''", '""'];
const VALUES = [
  { key: "KLR_A", text: "0.5" },
  { key: "KLR_NAME", text: "two words" },
];

/** Undefined: refused as the module says. Whatever else is thrown is a finding. */
function unlessRefused<T>(task: () => T): T | undefined {
  try {
    return task();
  } catch (error) {
    if (error instanceof EnvEditError) return undefined;
    if (!(error instanceof EnvSyntaxError)) throw error;
    expect(error.line).toBeGreaterThan(0);
    return undefined;
  }
}

test(
  "any bytes as an environment file are refused with their line, or take values and give the old ones back",
  async () => {
    await fuzz({ samples: SAMPLES, words: WORDS, inputs: 3000 }, (bytes) => {
      const text = Buffer.from(bytes).toString("utf8");
      const document = unlessRefused(() => parseEnv(text));
      if (document === undefined) return;
      const lines = text.split("\n").length;
      for (const { line, key, raw, rawStart } of document.assignments) {
        expect(line).toBeLessThanOrEqual(lines);
        expect(key).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/);
        expect(text.slice(rawStart, rawStart + raw.length)).toBe(raw);
      }
      const edit = unlessRefused(() => setKeys(text, VALUES));
      if (edit === undefined) return;
      const after = parseEnv(edit.text);
      for (const { key, text: value } of VALUES) expect(effective(after, key)?.value).toBe(value);
      expect(restoreKeys(edit.text, edit.edits)).toMatchObject({ text, foreign: [] });
    });
  },
  FUZZ_LIMIT_MS,
);
