/** The proof that the tests of D-REAM rest on sees each kind of loss, doubling and breach of the rules. */
import { expect, test } from "bun:test";
import type { Envelope } from "@kloros/signal-schema";
import { checkDream } from "./check_dream.ts";
import type { DreamLeft } from "./dream_left.ts";
import { ENVIRONMENT_BEFORE, KEY, keysSet } from "./experiment.ts";

const winners = [{ experiment: "level", hash: "0123456789abcdef", keys: [KEY] }];
const promotion_ids = ["first@0123456789ab"];

function said(signal: string, id: string, cause: string, facts: Record<string, unknown>): Envelope {
  return {
    signal,
    id,
    cause,
    facts,
    timestamp: "2026-11-23T04:00:00.000Z",
    source: "x",
    trace: "t",
    hops: 0,
  };
}

const trigger = said("Q_DREAM_TRIGGER", "t", "a", { promotion_ids });
const complete = said("Q_DREAM_COMPLETE", "c", "t", {
  success: true,
  outcome: "completed",
  run_tag: "r",
  promotion_ids,
  winners,
});
const deployed = said("Q_WINNER_DEPLOYED", "d", "c", { winners });
const end = said("Q_DEPLOYMENT_COMPLETE", "e", "c", { promotion_ids, cycle_success: true });

const LEFT: DreamLeft = {
  signals: [trigger, complete, deployed, end],
  deadLetters: [],
  journalFlaws: [],
  failedSignals: { lines: [], flaws: [] },
  environment: keysSet(ENVIRONMENT_BEFORE, { [KEY]: "4" }),
  waiting: [],
  acknowledged: ["first.json"],
  acknowledgements: ["first_ack.json"],
  parked: [],
  deployedHashes: ["0123456789abcdef"],
  winners: [{ experiment: "level", hash: "0123456789abcdef", state: "deployed" }],
  reports: ["r"],
  fired: ["t"],
};
const WANTED = { promotions: new Set(["first"]), environment: { [KEY]: "4" } };

const flaws = (changed: Partial<DreamLeft>): string => checkDream({ ...LEFT, ...changed }, WANTED).join("\n");
const without = (one: Envelope): Envelope[] => LEFT.signals.filter((other) => other !== one);
const again = (one: Envelope): Envelope => ({ ...one, id: `${one.id}-again` });

test("a flow as it should be has no flaw", () => {
  expect(flaws({})).toBe("");
});

test("signals that are missing or doubled are seen", () => {
  expect(flaws({ signals: without(complete) })).toContain("Q_DREAM_COMPLETE caused by t: missing");
  expect(flaws({ reports: ["r", "s"] })).toContain("run s came to its end and was run again");
  expect(flaws({ fired: [] })).toContain("decision to emit t: missing");
  expect(flaws({ fired: ["t", "t"] })).toContain("decision to emit t: 2 times");
  expect(flaws({ signals: without(end) })).toContain("Q_DEPLOYMENT_COMPLETE caused by c: missing");
  expect(flaws({ signals: [...LEFT.signals, again(complete)] })).toContain("run r: 2 times");
  expect(flaws({ signals: [...LEFT.signals, again(deployed)] })).toContain("deployment of level");
});

test("a cycle that the rules do not allow is seen, one after a failure or a cooldown is allowed", () => {
  const second = [
    again(trigger),
    { ...again(complete), cause: "t-again", facts: { ...complete.facts, run_tag: "s" } },
  ];
  expect(flaws({ signals: [...LEFT.signals, ...second] })).toContain("2 times, 1 were allowed");
  const at = (one: Envelope, timestamp: string): Envelope => ({ ...one, timestamp });
  const counted = (timestamp: string): string => {
    const late = second.map((one) => at(one, timestamp));
    return checkDream(
      { ...LEFT, signals: [...LEFT.signals, ...late] },
      { ...WANTED, cooldownMs: 15_000 },
    ).join("\n");
  };
  expect(counted("2026-11-23T04:00:14.999Z")).toContain("2 times, 1 were allowed");
  expect(counted("2026-11-23T04:00:15.000Z")).not.toContain("were allowed");
  const failed = {
    ...complete,
    facts: { ...complete.facts, success: false, outcome: "failed", winners: [] },
  };
  const after = flaws({ signals: [trigger, failed, deployed, end, ...second] });
  expect(after).not.toContain("allowed");
});

test("promotions that wait, are lost, doubled or acknowledged unseen are seen", () => {
  expect(flaws({ waiting: ["first.json"] })).toContain("first.json still waits");
  expect(flaws({ acknowledged: [] })).toContain("first: missing");
  expect(flaws({ acknowledgements: [] })).toContain("acknowledgement of first: missing");
  expect(flaws({ parked: ["first.json"] })).toContain("parked promotion first");
  const unseen = { ...end, facts: { ...end.facts, cycle_success: false } };
  expect(flaws({ signals: [trigger, complete, deployed, unseen] })).toContain("no cycle considered it");
});

test("a deployment that nobody won, that the state lacks, or that changed anything else is seen", () => {
  const other = { ...deployed, facts: { winners: [{ experiment: "other", hash: "f".repeat(16) }] } };
  expect(flaws({ signals: [trigger, complete, other, end] })).toContain("never won");
  expect(flaws({ winners: [] })).toContain("the deployer's record of level 0123456789abcdef: missing");
  expect(flaws({ winners: [...LEFT.winners, ...LEFT.winners] })).toContain("2 winners count as deployed");
  expect(flaws({ deployedHashes: [] })).toContain("state lacks");
  expect(flaws({ environment: `${LEFT.environment}# more\n` })).toContain("the environment file is");
  expect(flaws({ environment: ENVIRONMENT_BEFORE })).toContain("the environment file is");
});

test("dead letters and broken invariants are seen", () => {
  const letter = { n: 1, consumer: "dream-consumer", reason: "poison", error: "killed", state: "dead" };
  expect(flaws({ deadLetters: [letter] })).toContain("dead letter 1 of dream-consumer");
  expect(flaws({ deadLetters: [{ ...letter, state: "retried" }] })).toBe("");
  expect(flaws({ journalFlaws: ["broken"] })).toBe("broken");
});
