/** Records of evaluations for tests. */
import type { DecisionRecord } from "../decisions/decision_record.ts";

export function sampleRecord(changes: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    atMs: Date.UTC(2025, 10, 14, 10, 30),
    rule: "promotions-start-dream",
    signalId: "signal-1",
    signal: "Q_PROMOTIONS_DETECTED",
    source: "orchestrator-monitor",
    outcome: "condition_false",
    condition: "facts.unacknowledged_count > 0",
    parts: [
      {
        text: "facts.unacknowledged_count > 0",
        value: false,
        reads: { "facts.unacknowledged_count": "0" },
      },
    ],
    subjects: [],
    cooling: [],
    emits: "Q_DREAM_TRIGGER",
    rulesHash: "0123456789ab",
    ...changes,
  };
}
