import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { findSignal, signals } from "./catalogue.ts";
import { emitters } from "./emitters.ts";
import { arbitraryFacts } from "./testing.ts";
import { validateFacts } from "./validate_facts.ts";

/** DESIGN 3.2 and 4, FACTS B9: everything that can be said. */
const expected = [
  "Q_INTENT_READY Q_CURIOSITY_INVESTIGATE Q_INVESTIGATION_COMPLETE Q_INVESTIGATION_TIMEOUT Q_EVIDENCE_UPDATED",
  "Q_MODULE_INTEGRATED Q_INTEGRATION_FAILED Q_MODULE_DISCOVERED Q_PROMOTIONS_DETECTED Q_HEALTH_ALERT",
  "Q_WORKFLOW_SUGGESTED Q_DREAM_TRIGGER Q_DREAM_COMPLETE Q_DREAM_TIMEOUT Q_WINNER_DEPLOYED Q_DEPLOYMENT_FAILED",
  "Q_DEPLOYMENT_COMPLETE Q_INTEGRATION_FIX Q_SPICA_SPAWN Q_RUN_SCANNER Q_LOOP_DETECTED Q_PHASE_WINDOW_OPEN",
  "Q_PHASE_TRIGGER Q_PHASE_COMPLETE Q_DREAM_PROGRESS Q_POLICY_DUE Q_WINNER_DECISION Q_WINNER_DECIDED",
].flatMap((line) => line.split(" "));

test("the catalogue holds every signal of the design and no other", () => {
  expect([...signals.keys()].toSorted()).toEqual(expected.toSorted());
});

test("findSignal() finds by exact name", () => {
  expect(findSignal("Q_DREAM_TRIGGER")?.kind).toBe("trigger");
  expect(findSignal("Q_DREAM")).toBeUndefined();
  expect(findSignal("toString")).toBeUndefined();
});

test("an alias belongs to one service", () => {
  const names = emitters.flatMap(({ service, aliases }) => [service, ...aliases]);
  expect(new Set(names).size).toBe(names.length);
});

for (const definition of signals.values()) {
  describe(definition.name, () => {
    test("has valid examples", () => {
      for (const example of definition.examples) {
        expect(validateFacts(definition, example)).toEqual({ ok: true, facts: example });
      }
    });

    test("accepts generated facts, and its functions are total and pure on them", () => {
      fc.assert(
        fc.property(arbitraryFacts(definition), (facts) => {
          const result = validateFacts(definition, facts);
          if (!result.ok) throw new Error(result.text);
          expect(["urgent", "normal"]).toContain(definition.lane(facts));
          expect(definition.loopKey(facts)).toBe(definition.loopKey(structuredClone(facts)));
          expect(typeof definition.key?.(facts)).toBe(
            definition.delivery === "latest" ? "string" : "undefined",
          );
        }),
        { numRuns: 30 },
      );
    });

    test("describes each fact, and says sentences", () => {
      expect(definition.description).toMatch(/\.$/);
      for (const [name, schema] of Object.entries(definition.facts.properties)) {
        if ((schema.description ?? "").length < 10)
          throw new Error(`${name} has no description worth reading`);
      }
    });

    test("names a deadline only of signals that exist and fit", () => {
      const { deadline } = definition;
      if (deadline === undefined) return;
      expect(deadline.workerLimitMs).toBeLessThan(deadline.limitMs);
      expect(findSignal(deadline.timeoutSignal)?.kind).toBe("error");
      for (const name of deadline.answeredBy) {
        const answer = findSignal(name);
        expect(answer?.emitters.map(({ service }) => service)).toEqual([deadline.answeringConsumer]);
        if (deadline.matchFact !== undefined)
          expect(answer?.facts.properties).toHaveProperty(deadline.matchFact);
      }
    });

    test("starts chains when it is an advisory", () => {
      if (definition.kind === "advisory") expect(definition.root).toBe(true);
    });
  });
}
