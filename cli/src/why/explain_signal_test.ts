import { describe, expect, test } from "bun:test";
import type { DecisionRecord, Decisions } from "@kloros/policy-engine";
import { createRoot, type Envelope, signals } from "@kloros/signal-schema";
import type { WinnerRecord } from "@kloros/winner-deployer";
import { HELD_WINNER } from "../testing/sample_winners.ts";
import { explainSignal } from "./explain_signal.ts";
import type { Knowledge } from "./knowledge.ts";

/** Of a key that was not set before. */
const winner: WinnerRecord = {
  ...HELD_WINNER,
  keys: [{ key: "KLR_RAG_TOP_K", old: null, new: "5" }],
};

const NOTHING: Knowledge = { decisions: undefined, noDecisions: "no log", winners: [] };

function example(name: string, facts: object = {}): Envelope {
  const definition = signals.get(name)!;
  const source = definition.emitters[0]!.service;
  return createRoot(definition, { ...definition.examples[0]!, ...facts }, { source, nowMs: 0 });
}

async function why(envelope: Envelope, knowledge: Knowledge = NOTHING): Promise<string> {
  return (await explainSignal({ envelope }, knowledge)).sentences.join("\n");
}

describe("explainSignal()", () => {
  test("something about every signal there is", async () => {
    for (const name of signals.keys()) {
      const said = await why(example(name));
      expect(said.length).toBeGreaterThan(0);
      expect(said).not.toMatch(/undefined|NaN|\[object/);
    }
  });

  test("an alert's value against its threshold, and what to do", async () => {
    const said = await why(example("Q_HEALTH_ALERT"));
    expect(said).toStartWith("memory_high was raised (87.5 %, threshold 85 %)\nwhat to do: find the process");
    expect(said).toEndWith("orchestrator-monitor says this by what it sees itself: nothing before led to it");
  });

  test("the reason of a failed integration, and whether another try helps", async () => {
    expect(await why(example("Q_INTEGRATION_FAILED"))).toContain(
      "not integrated: directory /home/kloros/src/gone does not exist\ntrying again as it is cannot help",
    );
  });

  test("what became of the winners of a cycle, and of those that are named", async () => {
    const held =
      "rag_opt:e73f10497a0b86c7 is held since 2026-01-31T12:00:00.000Z: autonomy level 0 is below 2 (KLR_RAG_TOP_K: (not there) → 5); kloros winners approve rag_opt:e73f10497a0b86c7";
    const other = { ...winner, id: "tts:0", experiment: "tts", hash: "0", run_tag: "9" };
    const knowledge = { ...NOTHING, winners: [winner, other] };
    const facts = { run_tag: "1763116200" };
    expect(await why(example("Q_DEPLOYMENT_COMPLETE", facts), knowledge)).toContain(held);
    expect(await why(example("Q_WINNER_DEPLOYED"), knowledge)).toContain(held);
    expect(await why(example("Q_DEPLOYMENT_COMPLETE", { run_tag: "9" }), knowledge)).not.toContain("rag_opt");
    expect(await why(example("Q_DEPLOYMENT_COMPLETE", { run_tag: null }), knowledge)).not.toContain(
      "winners",
    );
  });

  test("without a decision log, that it cannot be told; with one that has nothing, that", async () => {
    expect(await why(example("Q_DREAM_TRIGGER"))).toContain(
      "how policy-engine decided cannot be told: no log",
    );
    const decisions = { byTrigger: (): readonly DecisionRecord[] => [] } as unknown as Decisions;
    expect(await why(example("Q_DREAM_TRIGGER"), { ...NOTHING, decisions })).toContain(
      "has nothing about it",
    );
  });

  test("a person's word is one", async () => {
    const envelope = { ...example("Q_DREAM_TRIGGER"), source: "operator" };
    expect(await why(envelope)).toBe("a person said it: nothing before led to it");
  });
});
