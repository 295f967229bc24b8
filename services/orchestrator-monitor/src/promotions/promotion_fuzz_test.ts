import { expect, test } from "bun:test";
import { fuzz, FUZZ_LIMIT_MS } from "@kloros/signal-schema/testing";
import { findJsonFault } from "./json_fault.ts";
import { isRecord, readPromotion } from "./promotion_content.ts";

const SAMPLES = [
  '{\n  "promotion_id": "p-1",\n  "experiment": "rag",\n  "params": {"top_k": 5, "alpha": -0.5e3},\n  "ok": true\n}\n',
  '{"id": "x", "text": "\\u00e9\\n", "list": [1, null, [], {}]}',
  "[]",
  "null",
];

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

test(
  "any bytes are a promotion exactly when they are a JSON object in UTF-8, and else have a fault with its place",
  async () => {
    const words = ["promotion_id", "id", "NaN", "\\u", "\\x", "01", "1.", ".5", "+1", "//", "\u00a0"];
    await fuzz({ samples: SAMPLES, words, inputs: 4000 }, (bytes) => {
      const content = readPromotion(bytes);
      const text = Buffer.from(bytes).toString("utf8");
      const isText = Buffer.from(text, "utf8").equals(bytes) && !text.startsWith("\uFEFF");
      const json = isText ? parsed(text) : undefined;
      expect(content.ok).toBe(json !== undefined && isRecord(json.value));
      if (!content.ok) expect(content.text).toMatch(/line \d|is empty/);
      // The finder of faults and the parser must never disagree.
      if (isText) expect(findJsonFault(text) === undefined).toBe(json !== undefined);
    });
  },
  FUZZ_LIMIT_MS,
);
