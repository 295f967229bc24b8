import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { checkEnvelope, parseEnvelope, validateEnvelope } from "./check_envelope.ts";
import { ENVELOPE_LIMITS } from "./envelope.ts";
import type { Envelope } from "./envelope.ts";
import { arbitraryEnvelope, arbitraryInvalidEnvelope, mutations } from "./testing.ts";

const valid: Envelope = {
  signal: "Q_RUN_SCANNER",
  timestamp: "2025-11-14T10:30:00Z",
  source: "operator",
  facts: { scanner: "documentation" },
  id: "019a81ea-3040-7000-8000-000000000001",
  trace: "019a81ea-3040-7000-8000-000000000001",
  hops: 0,
};

function codeOf(value: unknown): string {
  const result = validateEnvelope(value);
  return result.ok ? "ok" : result.code;
}

function textOf(value: unknown): string {
  const result = validateEnvelope(value);
  return result.ok ? "ok" : result.text;
}

/** A string that makes the whole envelope exactly `bytes` long. */
function ofSize(bytes: number): string {
  const empty = JSON.stringify({ ...valid, facts: { scanner: "x", pad: "" } }).length;
  return JSON.stringify({ ...valid, facts: { scanner: "x", pad: "p".repeat(bytes - empty) } });
}

/** Facts that make the envelope nest exactly `depth` levels. */
function ofDepth(depth: number): string {
  const lists = depth - 2;
  return JSON.stringify({ ...valid, facts: { scanner: "x", deep: 0 } }).replace(
    '"deep":0',
    `"deep":${"[".repeat(lists)}${"]".repeat(lists)}`,
  );
}

describe("checkEnvelope()", () => {
  test("accepts every valid envelope, and names its definition", () => {
    fc.assert(
      fc.property(arbitraryEnvelope(), (envelope) => {
        const result = parseEnvelope(JSON.stringify(envelope));
        if (!result.ok) throw new Error(`${result.code}: ${result.text}`);
        expect(result.definition.name).toBe(envelope.signal);
        expect(result.envelope).toEqual(envelope);
      }),
      { numRuns: 300 },
    );
  });

  test("refuses every spoiled envelope with its code and a text", () => {
    fc.assert(
      fc.property(arbitraryInvalidEnvelope(), ({ value, code }) => {
        const result = validateEnvelope(value);
        expect(result.ok ? "ok" : result.code).toBe(code);
        if (!result.ok) expect(result.text.length).toBeGreaterThan(10);
      }),
      { numRuns: 300 },
    );
  });

  test("answers anything with a result, and throws at nothing", () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true }), (value) => {
        expect(validateEnvelope(value).ok).toBe(false);
        expect(checkEnvelope(value, 0).ok).toBe(false);
      }),
    );
  });

  for (const { what, code, spoil } of mutations) {
    test(`refuses ${what} as ${code}`, () => expect(codeOf(spoil(valid))).toBe(code));
  }

  test("takes a signal of exactly the largest size, and not one byte more", () => {
    expect(parseEnvelope(ofSize(ENVELOPE_LIMITS.sizeBytesMax))).toMatchObject({ ok: true });
    expect(parseEnvelope(ofSize(ENVELOPE_LIMITS.sizeBytesMax + 1))).toMatchObject({ code: "too_large" });
  });

  test("takes a signal of exactly the greatest depth, and not one level more", () => {
    expect(parseEnvelope(ofDepth(ENVELOPE_LIMITS.depthMax))).toMatchObject({ ok: true });
    expect(parseEnvelope(ofDepth(ENVELOPE_LIMITS.depthMax + 1))).toMatchObject({ code: "too_deep" });
  });

  test("survives nesting that would exhaust a stack", () => {
    const lists = 120_000;
    const text = JSON.stringify({ ...valid, x: 0 }).replace(
      '"x":0',
      `"x":${"[".repeat(lists)}${"]".repeat(lists)}`,
    );
    expect(parseEnvelope(text).ok).toBe(false);
  });

  test("names all faults of an envelope at once", () => {
    const text = textOf({ ...valid, id: "X", hops: -1, timestamp: "yesterday", source: undefined });
    for (const path of ["/id", "/hops", "/timestamp", "/source is missing"]) expect(text).toContain(path);
  });

  test("names all faults of the facts at once, with what was got", () => {
    const facts = { question: 1, priority: "urgent", evidence: ["a", 2] };
    const text = textOf({ ...valid, signal: "Q_CURIOSITY_INVESTIGATE", facts });
    expect(text).toContain("/facts/question_id is missing");
    expect(text).toContain("/facts/question: expected string, got 1");
    expect(text).toContain('/facts/priority: expected one of critical, high, normal, low, got "urgent"');
    expect(text).toContain("/facts/evidence/1: expected string, got 2");
  });

  test("keeps an error short when the fault is long or there are many", () => {
    const evidence = Array.from({ length: 4000 }, (_, index) => index);
    const text = textOf({ ...valid, signal: "Q_CURIOSITY_INVESTIGATE", facts: { evidence, question: "q" } });
    expect(text).toContain("and more");
    expect(text.length).toBeLessThan(4000);
    expect(textOf({ ...valid, signal: "Q_".padEnd(50_000, "X") }).length).toBeLessThan(300);
  });

  test("lets unknown facts and unknown top-level keys through", () => {
    const foreign = { ...valid, ecosystem: "orchestration", facts: { ...valid.facts, more: [1] } };
    expect(validateEnvelope(foreign)).toMatchObject({ ok: true, envelope: foreign });
  });

  test("accepts a signal that starts a chain of its own and names its cause", () => {
    expect(codeOf({ ...valid, cause: "019a81ea-3040-7000-8000-000000000002" })).toBe("ok");
  });
});

describe("parseEnvelope()", () => {
  for (const text of ["", "{", '{"a":NaN}', '{"a":Infinity}', "\uFEFF{}", "{'a':1}"]) {
    test(`refuses ${JSON.stringify(text)} as not_json, showing the text`, () => {
      const result = parseEnvelope(text);
      expect(result).toMatchObject({ ok: false, code: "not_json" });
      if (!result.ok) expect(result.text).toContain(JSON.stringify(text));
    });
  }

  test("measures bytes in UTF-8, not characters", () => {
    const pad = "é".repeat(ENVELOPE_LIMITS.sizeBytesMax / 2);
    expect(parseEnvelope(JSON.stringify({ ...valid, pad }))).toMatchObject({ code: "too_large" });
  });
});

describe("validateEnvelope()", () => {
  test("refuses what cannot be written as JSON", () => {
    const circle: Record<string, unknown> = { ...valid };
    circle["self"] = circle;
    expect(codeOf(circle)).toBe("bad_envelope");
    expect(codeOf({ ...valid, big: 1n })).toBe("bad_envelope");
  });
});
