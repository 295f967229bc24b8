import { expect, test } from "bun:test";
import { describeFacts } from "./describe_facts.ts";

const said = (signal: string, facts: Record<string, unknown>): string => describeFacts({ signal, facts });

test("a chain of D-REAM reads as a story", () => {
  expect(said("Q_PROMOTIONS_DETECTED", { unacknowledged_count: 1, promotion_files: ["archive.json"] })).toBe(
    "1 promotion waiting: archive.json",
  );
  expect(
    said("Q_DREAM_TRIGGER", {
      reason: "unacknowledged_promotions_detected",
      rule: "promotions-start-dream",
      promotion_ids: ["a@0123456789ab", "b@2", "c@3", "d@4"],
    }),
  ).toBe("rule promotions-start-dream for a, b@2, c@3 and 1 more: unacknowledged_promotions_detected");
  const progress = {
    run_tag: "r",
    experiment: "archive",
    generation: 2,
    candidates: 18,
    candidates_max: 40,
    failed: 1,
    best_fitness: 0.71234567,
    elapsed_s: 3.7,
  };
  expect(said("Q_DREAM_PROGRESS", progress)).toBe(
    "archive, generation 2, 18 of 40 candidates, 1 failed, best 0.7123, 4 s",
  );
  const winner = { experiment: "archive", hash: "0123456789abcdef", params: { level: 6, mode: "fast" } };
  expect(said("Q_DREAM_COMPLETE", { success: true, outcome: "completed", winners: [winner] })).toBe(
    'archive level=6 mode="fast" won',
  );
  const deployed = { experiment: "archive", keys: ["KLR_A", "KLR_B"] };
  expect(said("Q_WINNER_DEPLOYED", { winners_deployed: 1, winners: [deployed] })).toBe(
    "archive sets KLR_A, KLR_B",
  );
  expect(
    said("Q_DEPLOYMENT_COMPLETE", { deployed: 1, held: 1, skipped: 0, failed: 0, promotion_ids: ["a@1"] }),
  ).toBe("1 deployed, 1 held for approval for a@1");
});

test("what ends without a winner says how", () => {
  expect(said("Q_DREAM_COMPLETE", { success: true, winners: [] })).toBe("nothing new");
  expect(said("Q_DREAM_COMPLETE", { success: false, outcome: "coalesced" })).toContain("runs or comes next");
  expect(said("Q_DREAM_COMPLETE", { success: false, outcome: "failed", error: "all 4 failed" })).toBe(
    "failed (all 4 failed)",
  );
  expect(
    said("Q_DEPLOYMENT_COMPLETE", { deployed: 0, held: 0, skipped: 0, failed: 0, promotion_ids: [] }),
  ).toBe("nothing to deploy");
  const failed = { experiment: "archive", reason: "validation exited with 1", rolled_back: true };
  expect(said("Q_DEPLOYMENT_FAILED", { winners: [failed] })).toBe(
    "archive validation exited with 1; taken back",
  );
});
