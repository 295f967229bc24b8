import { describe, expect, test } from "bun:test";
import { signals } from "@kloros/signal-schema";
import { describeFacts, printable, shorten } from "./describe_facts.ts";

describe("describeFacts()", () => {
  test("says something about every signal there is, in one line", () => {
    for (const definition of signals.values()) {
      const said = describeFacts({ signal: definition.name, facts: definition.examples[0] ?? {} });
      expect(said.length).toBeGreaterThan(0);
      expect(said.length).toBeLessThanOrEqual(160);
      expect(said).not.toContain("undefined");
      expect(said).not.toMatch(/^[{[]/);
    }
  });

  test("counts what an investigation found, and says why one failed", () => {
    const facts = {
      module_name: "audio",
      status: "completed",
      summary: { files_analyzed: 1, classes: ["A", "B"] },
    };
    expect(describeFacts({ signal: "Q_INVESTIGATION_COMPLETE", facts })).toBe(
      "audio: 1 file, 2 classes, 0 functions, 0 docstrings",
    );
    const failed = { module_name: "audio", status: "failed", error: "no such directory" };
    expect(describeFacts({ signal: "Q_INVESTIGATION_COMPLETE", facts: failed })).toBe(
      "audio: failed (no such directory)",
    );
  });

  test("an alert says its value and threshold, and when it is over", () => {
    const details = { unit: "%" };
    const alert = {
      severity: "warning",
      alert_type: "memory_high",
      metric_value: 87.512,
      threshold: 85,
      details,
    };
    const facts = { ...alert, recommended_action: "look" };
    const said = (state: string) => describeFacts({ signal: "Q_HEALTH_ALERT", facts: { ...facts, state } });
    expect(said("raised")).toBe("warning memory_high (87.51 %, threshold 85 %): look");
    expect(said("changed")).toBe("warning memory_high changed (87.51 %, threshold 85 %): look");
    expect(said("cleared")).toBe("memory_high is over (87.51 %, threshold 85 %)");
  });

  test("facts of the wrong shape are shown as they are", () => {
    const facts = { module_name: 5, status: "completed", summary: [1] };
    expect(describeFacts({ signal: "Q_INVESTIGATION_COMPLETE", facts })).toStartWith("5:");
    expect(describeFacts({ signal: "Q_RUN_SCANNER", facts: {} })).toBe("{}");
    expect(describeFacts({ signal: "Q_FOREIGN", facts: { a: [1] } })).toBe('{"a":[1]}');
  });
});

test("printable() takes out what steers a terminal or turns text round, and keeps letters", () => {
  expect(printable("a\u001b[31mb\r\nc\u202ed\u200be\u2028f é 😀")).toBe("a�[31mb c�d�e f é 😀");
});

test("shorten() never exceeds its limit", () => {
  expect(shorten("abcdef", 6)).toBe("abcdef");
  expect(shorten("abcdefg", 6)).toBe("abcde…");
});
