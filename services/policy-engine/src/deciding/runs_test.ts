import { expect, test } from "bun:test";
import { cycleEnd, MINUTE, openRuleBench, promotions, rulesOf } from "../testing/rule_bench.ts";

const RETRIES = rulesOf(`
version: 1
rules:
  - name: first
    on: [Q_PROMOTIONS_DETECTED]
    emit:
      signal: Q_DREAM_TRIGGER
      facts: { reason: first, topic: null, promotion_count: 1, promotion_ids: "\${facts.promotion_ids}" }
    control: { cooldown: 1d }
  - name: again
    on: [Q_DREAM_COMPLETE]
    when: "!facts.success"
    emit:
      signal: Q_DREAM_TRIGGER
      facts: { reason: again, topic: null, promotion_count: 1, promotion_ids: "\${facts.promotion_ids}" }
    control: { singleton: { until: [Q_DEPLOYMENT_COMPLETE], limit: 1h } }
`);

test("a run is not ended by what followed from the trigger before it, although both have one trace", () => {
  const bench = openRuleBench(RETRIES);
  const [first] = bench.see(promotions(["a@1"], { atMs: bench.wallMs }));
  if (first === undefined) throw new Error("no trigger");
  bench.wait(MINUTE);
  const [failed, deployed] = cycleEnd(first, { atMs: bench.wallMs, success: false });
  const [again] = bench.see(failed);
  if (again === undefined) throw new Error("no second trigger");
  expect(again.trace).toBe(first.trace);
  bench.see(deployed);
  expect(bench.records.filter(({ outcome }) => outcome === "released")).toEqual([]);
  for (const signal of cycleEnd(again, { atMs: bench.wallMs, success: true })) bench.see(signal);
  expect(bench.last()).toMatchObject({ rule: "again", outcome: "released", triggerId: again.id });
});
