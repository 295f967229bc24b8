import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { createChild, createRoot, isSignal } from "./build_signal.ts";
import { validateEnvelope } from "./check_envelope.ts";
import { ENVELOPE_LIMITS } from "./envelope.ts";
import { LoopDetected } from "./signals/health.ts";
import { RunScanner } from "./signals/intents.ts";
import { arbitraryDefinition, arbitraryEnvelope, arbitraryFacts } from "./testing.ts";

const nowMs = Date.UTC(2025, 10, 14, 10, 30);
const options = { source: "policy-engine", consumer: "policy-engine", nowMs };

describe("createRoot()", () => {
  test("begins a chain", () => {
    const root = createRoot(RunScanner, { scanner: "docs" }, { source: "operator", nowMs });
    expect(root).toEqual({
      signal: "Q_RUN_SCANNER",
      timestamp: "2025-11-14T10:30:00.000Z",
      source: "operator",
      facts: { scanner: "docs" },
      id: root.id,
      trace: root.id,
      hops: 0,
    });
    expect(validateEnvelope(root).ok).toBe(true);
  });

  test("takes an id that was derived from content, and is then the same again", () => {
    const id = "019a81ea-3040-8000-8000-000000000001";
    const make = () => createRoot(RunScanner, { scanner: "docs" }, { source: "operator", nowMs, id });
    expect(JSON.stringify(make())).toBe(JSON.stringify(make()));
  });
});

describe("createChild()", () => {
  test("gives a valid follower of any valid parent, the same each time", () => {
    const parents = arbitraryEnvelope().filter(({ hops }) => hops < ENVELOPE_LIMITS.hopsMax);
    const children = arbitraryDefinition().chain((definition) =>
      fc.tuple(fc.constant(definition), arbitraryFacts(definition)),
    );
    fc.assert(
      fc.property(parents, children, (parent, [definition, facts]) => {
        const child = createChild(parent, definition, facts, options);
        expect(child).toEqual(createChild(parent, definition, facts, options));
        expect(validateEnvelope(child)).toMatchObject({ ok: true });
        expect(child.cause).toBe(parent.id);
        expect(child.trace).toBe(definition.root ? child.id : parent.trace);
        expect(child.hops).toBe(definition.root ? 0 : parent.hops + 1);
      }),
    );
  });

  test("tells several effects of one parent apart by their key", () => {
    const parent = createRoot(RunScanner, { scanner: "docs" }, options);
    const [a, b] = ["a", "b"].map((effectKey) =>
      createChild(parent, RunScanner, { scanner: "x" }, { ...options, effectKey }),
    );
    expect(a?.id).not.toBe(b?.id);
  });

  test("lets the bus report the end of a chain that has no hop left", () => {
    const last = {
      id: createRoot(RunScanner, { scanner: "x" }, options).id,
      trace: options.source,
      hops: 32,
    };
    const report = createChild(last, LoopDetected, LoopDetected.examples[0] ?? never(), options);
    expect(validateEnvelope(report)).toMatchObject({ ok: true });
  });
});

test("isSignal() narrows an envelope to its definition's facts", () => {
  const root = createRoot(RunScanner, { scanner: "docs" }, options);
  expect(isSignal(RunScanner, root) && root.facts.scanner).toBe("docs");
  expect(isSignal(LoopDetected, root)).toBe(false);
});

function never(): never {
  throw new Error("unreachable");
}
