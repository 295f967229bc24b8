import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseEnvelope, validateEnvelope } from "./check_envelope.ts";
import { signals } from "./catalogue.ts";
import { arbitraryDefinition, arbitraryEnvelope } from "./testing/arbitrary_envelope.ts";
import { fuzz, FUZZ_LIMIT_MS } from "./testing/fuzz.ts";

const samples = fc
  .sample(
    arbitraryDefinition().chain((definition) => arbitraryEnvelope(definition)),
    { numRuns: 60, seed: 1 },
  )
  .map((envelope) => JSON.stringify(envelope));
const words = [...signals.keys(), "signal", "facts", "id", "trace", "hops", "cause", "source"];

test(
  "of any bytes an envelope is refused with a reason, or is one and stays one when it is written again",
  async () => {
    await fuzz({ samples, words, inputs: 3000 }, (bytes) => {
      const result = parseEnvelope(Buffer.from(bytes).toString("utf8"));
      if (!result.ok) {
        expect(result.text).not.toBe("");
        return;
      }
      const again = validateEnvelope(result.envelope);
      if (!again.ok) throw new Error(`taken, and refused when written again: ${again.text}`);
      expect(again.definition).toBe(result.definition);
      expect(JSON.stringify(parseEnvelope(JSON.stringify(result.envelope)))).toBe(JSON.stringify(result));
    });
  },
  FUZZ_LIMIT_MS,
);

test.each([
  ["by itself", (deep: string) => deep],
  ["as an id", (deep: string) => `{"signal":"Q_HEALTH_ALERT","id":${deep}}`],
])("nesting without end is refused: %s", (_what, textOf) => {
  const result = parseEnvelope(textOf(`${"[".repeat(100_000)}${"]".repeat(100_000)}`));
  expect(result.ok).toBe(false);
});
