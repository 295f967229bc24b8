import { expect, test } from "bun:test";
import type { StoredSignal } from "@kloros/journal";
import { createRoot, HealthAlert } from "@kloros/signal-schema";
import { standing } from "./alerts.ts";

const NOW = Date.parse("2026-01-31T12:00:00Z");

function alert(
  seq: number,
  key: string,
  state: "raised" | "changed" | "cleared" | undefined,
  atMs = NOW,
): StoredSignal {
  const facts = { ...HealthAlert.examples[0]!, key };
  const { state: _, ...stateless } = facts;
  const said = state === undefined ? stateless : { ...facts, state };
  const envelope = createRoot(HealthAlert, said, { source: "orchestrator-monitor", nowMs: atMs });
  return { seq, storedAt: atMs, envelope, deliveries: [] };
}

test("an alert stands while its newest word is not that it is over", () => {
  const items = [
    alert(6, "memory", "changed"),
    alert(5, "disk", "cleared"),
    alert(4, "disk", "raised"),
    alert(3, "memory", "raised"),
    alert(2, "old", "raised", NOW - 86_400_000 * 3),
  ];
  expect(standing(items, NOW).map(({ seq }) => seq)).toEqual([6, 2]);
});

test("one of a sender that never says it is over stands for an hour", () => {
  const items = [alert(2, "a", undefined, NOW - 3_599_000), alert(1, "b", undefined, NOW - 3_600_000)];
  expect(standing(items, NOW).map(({ seq }) => seq)).toEqual([2]);
});
