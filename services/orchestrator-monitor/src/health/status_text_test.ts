import { expect, test } from "bun:test";
import type { AlertMemory, Severity } from "./alert.ts";
import { statusText } from "./status_text.ts";

function memory(...standing: readonly (readonly [string, Severity])[]): AlertMemory {
  const told = { type: "t", value: 1, threshold: 0, unit: "", sinceMs: 0, atMs: 0 };
  return {
    standing: Object.fromEntries(standing.map(([key, severity]) => [key, { ...told, severity }])),
    due: [],
  };
}

test("the status line names what is wrong, the worst first, and not too much of it", () => {
  expect(statusText([])).toBe("no health alerts");
  expect(statusText([memory(), memory(["load", "warning"])])).toBe("1 health alert: load (warning)");
  expect(statusText([memory(["load", "warning"]), memory(["disk:/", "critical"])])).toBe(
    "2 health alerts: disk:/ (critical), load (warning)",
  );
  const many = Array.from({ length: 8 }, (_, n) => [`k${n}`, "warning"] as const);
  expect(statusText([memory(...many)])).toEndWith("k4 (warning), and 3 more");
});
