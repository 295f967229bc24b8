/** From winners to the live configuration. */
import { defineSignal } from "../define_signal.ts";
import { operator, winnerDeployer } from "../emitters.ts";
import {
  count,
  facts,
  flag,
  list,
  longText,
  name,
  object,
  oneOf,
  optional,
  orNull,
  text,
  utcTime,
  uuid,
} from "../fact_types.ts";

const cycleId = name("Run of the D-REAM cycle (`run_tag`).");

const deployedWinner = object(
  {
    experiment: name("Experiment that it won."),
    hash: name("Hash of its parameters, 16 hexadecimal digits."),
    keys: list(name("Configuration key."), "Keys that were set."),
  },
  "One deployed winner.",
);

const failedWinner = object(
  {
    experiment: name("Experiment that it won."),
    hash: name("Hash of its parameters, 16 hexadecimal digits."),
    reason: text("Why it was not deployed."),
    rolled_back: flag("Whether a change was made and taken back."),
  },
  "One winner that was not deployed.",
);

export const WinnerDeployed = defineSignal({
  name: "Q_WINNER_DEPLOYED",
  kind: "completion",
  description: "Winners stand in the live configuration, read back and verified.",
  facts: facts({
    dream_cycle_id: cycleId,
    winners_deployed: count("How many winners."),
    deployed_at: utcTime("When it happened."),
    winners: optional(list(deployedWinner, "Which winners.")),
  }),
  examples: [
    {
      dream_cycle_id: "1763116200",
      winners_deployed: 1,
      deployed_at: "2025-11-14T10:42:10.000Z",
      winners: [
        { experiment: "rag_opt", hash: "e73f10497a0b86c7", keys: ["KLR_RAG_TOP_K", "VLLM_TEMPERATURE"] },
      ],
    },
  ],
  emitters: [winnerDeployer],
  delivery: "every",
  loopKey: ({ dream_cycle_id }) => dream_cycle_id,
});

export const DeploymentFailed = defineSignal({
  name: "Q_DEPLOYMENT_FAILED",
  kind: "error",
  description: "Winners could not be deployed; what was changed was taken back.",
  facts: facts({
    dream_cycle_id: cycleId,
    failures: count("How many winners."),
    failed_at: utcTime("When it happened."),
    error: optional(longText("What went wrong.")),
    winners: optional(list(failedWinner, "Which winners, and why.")),
  }),
  examples: [
    {
      dream_cycle_id: "1763116200",
      failures: 1,
      failed_at: "2025-11-14T10:42:10.000Z",
      error: "validation command exited with 1",
      winners: [
        {
          experiment: "rag_opt",
          hash: "e73f10497a0b86c7",
          reason: "validation command exited with 1",
          rolled_back: true,
        },
      ],
    },
  ],
  emitters: [winnerDeployer],
  delivery: "every",
  loopKey: ({ dream_cycle_id }) => dream_cycle_id,
});

export const DeploymentComplete = defineSignal({
  name: "Q_DEPLOYMENT_COMPLETE",
  kind: "completion",
  description: "The winners of a D-REAM cycle were dealt with, whatever came of it.",
  facts: facts({
    run_tag: orNull(name("Run of the cycle; null when there was none.")),
    deployed: count("Winners deployed."),
    held: count("Winners held for approval."),
    skipped: count("Winners with nothing to do, deployed before."),
    failed: count("Winners that could not be deployed."),
    promotion_ids: list(name("Id of a promotion."), "Promotions that the cycle considered."),
    cycle_success: optional(flag("`success` of the cycle; absent counts as false.")),
  }),
  examples: [
    {
      run_tag: "1763116200",
      deployed: 1,
      held: 0,
      skipped: 2,
      failed: 0,
      promotion_ids: ["tts_latency"],
      cycle_success: true,
    },
  ],
  emitters: [winnerDeployer],
  delivery: "every",
  loopKey: (body) => `${body.run_tag ?? ""}/${body.promotion_ids.join(",")}`,
});

const decision = oneOf(
  ["approve", "reject", "rollback"],
  "What is to happen to it: deploy it although its autonomy level is too low, never deploy it, take it back.",
);

export const WinnerDecision = defineSignal({
  name: "Q_WINNER_DECISION",
  kind: "trigger",
  description: "A person decided about a winner.",
  facts: facts({
    experiment: name("Experiment that it won."),
    hash: name("Hash of its parameters, 16 hexadecimal digits."),
    decision,
    reason: optional(text("Why, in the person's words.")),
    by: optional(name("Who decided: a login name.")),
  }),
  examples: [
    { experiment: "rag_opt", hash: "e73f10497a0b86c7", decision: "approve", reason: "seen it work" },
  ],
  // Nothing that runs by itself may approve.
  emitters: [operator],
  delivery: "every",
  lane: () => "urgent",
  loopKey: (body) => `${body.experiment}/${body.hash}/${body.decision}`,
});

export const WinnerDecided = defineSignal({
  name: "Q_WINNER_DECIDED",
  kind: "completion",
  description: "A person's decision about a winner was carried out, or refused.",
  facts: facts({
    decision_id: uuid("Id of the decision."),
    experiment: name("Experiment that it won."),
    hash: name("Hash of its parameters, 16 hexadecimal digits."),
    decision,
    outcome: oneOf(["done", "refused"], "Refused: nothing was changed."),
    reason: text("What was done, or why it was refused and what to do."),
    keys: optional(list(name("Configuration key."), "Keys that were changed.")),
  }),
  examples: [
    {
      decision_id: "019a81ea-3040-7000-8000-000000000001",
      experiment: "rag_opt",
      hash: "e73f10497a0b86c7",
      decision: "approve",
      outcome: "done",
      reason: "deployed",
      keys: ["KLR_RAG_TOP_K"],
    },
  ],
  emitters: [winnerDeployer],
  delivery: "every",
  loopKey: ({ decision_id }) => decision_id,
});
