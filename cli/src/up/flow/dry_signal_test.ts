import { expect, test } from "bun:test";
import { drySignal } from "./dry_signal.ts";

const record = {
  level: "info",
  time: "2026-11-23T04:00:00.000Z",
  service: "curiosity-core",
  signal: "Q_CURIOSITY_INVESTIGATE",
  id: "01a206b1-e2dc-80a8-b009-4184f80730f1",
  trace: "01a206b1-e2dc-80a8-b009-4184f80730f1",
  dry: true,
  facts: { question: "Why?", question_id: "q", priority: "normal", evidence: [] },
  msg: "dry",
};

test("drySignal() reads what a service would have said from its log", () => {
  const signal = drySignal("curiosity-core", JSON.stringify(record));
  expect(signal).toMatchObject({
    signal: "Q_CURIOSITY_INVESTIGATE",
    source: "curiosity-core",
    facts: record.facts,
    hops: 0,
  });
  const cause = "01a206b1-e2dc-80a8-b009-000000000000";
  const caused = drySignal("curiosity-core", JSON.stringify({ ...record, cause, trace: cause }));
  expect(caused).toMatchObject({ cause, hops: 1 });
});

test("other lines are no signals", () => {
  const lines = [
    "",
    '{"dry":true',
    JSON.stringify({ ...record, dry: false }),
    JSON.stringify({ ...record, msg: "would plan" }),
    JSON.stringify({ ...record, facts: { question: 5 } }),
  ];
  for (const line of lines) expect(drySignal("curiosity-core", line)).toBeUndefined();
});
