/** Promotions and the D-REAM cycle. */
import { defineSignal } from "../define_signal.ts";
import { chemicalBus, dreamConsumer, operator, orchestratorMonitor, policyEngine } from "../emitters.ts";
import {
  count,
  facts,
  flag,
  integer,
  list,
  name,
  number,
  object,
  oneOf,
  open,
  optional,
  orNull,
  quantity,
  text,
  utcTime,
  uuid,
} from "../fact_types.ts";
import { shortHash } from "../sha256.ts";

const promotionIds = (description: string) => list(name("Id of a promotion."), description);

/** The same set in another order is the same. */
const setKey = (ids: readonly string[] | undefined): string =>
  shortHash(JSON.stringify([...(ids ?? [])].toSorted()));

export const PromotionsDetected = defineSignal({
  name: "Q_PROMOTIONS_DETECTED",
  kind: "advisory",
  description: "Promotions wait in a directory that no D-REAM cycle has considered yet.",
  facts: facts({
    promotion_count: count("Promotions in the directory."),
    unacknowledged_count: count("Those of them that nobody has acknowledged."),
    oldest_promotion_age_hours: quantity("h", "Age of the oldest."),
    newest_promotion_age_hours: optional(quantity("h", "Age of the newest.")),
    last_dream_time: optional(utcTime("When the last cycle ended; absent when none is known.")),
    promotions_path: name("The directory."),
    promotion_files: optional(list(name("File name."), "The promotions' files.")),
    promotion_ids: optional(promotionIds("The promotions' ids.")),
  }),
  examples: [
    {
      promotion_count: 3,
      unacknowledged_count: 1,
      oldest_promotion_age_hours: 12.5,
      newest_promotion_age_hours: 0.2,
      last_dream_time: "2025-11-13T22:00:00Z",
      promotions_path: "/home/kloros/.kloros/dream_lab/promotions",
      promotion_files: ["tts_latency.json"],
      promotion_ids: ["tts_latency"],
    },
  ],
  emitters: [orchestratorMonitor],
  delivery: "latest",
  key: ({ promotions_path }) => promotions_path,
  loopKey: (body) =>
    `${body.promotions_path}/${body.unacknowledged_count}/${setKey(body.promotion_ids ?? body.promotion_files)}`,
  root: true,
});

export const DreamTrigger = defineSignal({
  name: "Q_DREAM_TRIGGER",
  kind: "trigger",
  description: "Asks to run one D-REAM cycle.",
  facts: facts({
    reason: name("Why, e.g. `unacknowledged_promotions_detected`."),
    topic: orNull(text("What the cycle is to concentrate on; null for everything.")),
    promotion_count: count("Promotions that wait."),
    oldest_promotion_age_hours: optional(quantity("h", "Age of the oldest.")),
    promotion_ids: optional(promotionIds("Promotions that the cycle is to consider.")),
    rule: optional(text("Policy rule that decided.")),
  }),
  examples: [
    {
      reason: "unacknowledged_promotions_detected",
      topic: null,
      promotion_count: 3,
      oldest_promotion_age_hours: 12.5,
      promotion_ids: ["tts_latency"],
      rule: "promotions-start-dream",
    },
  ],
  emitters: [policyEngine, operator],
  delivery: "every",
  deadline: {
    answeredBy: ["Q_DREAM_COMPLETE"],
    limitMs: 30 * 60_000,
    workerLimitMs: 28 * 60_000,
    answeringConsumer: "dream-consumer",
    timeoutSignal: "Q_DREAM_TIMEOUT",
  },
  loopKey: (body) => `${body.reason}/${body.topic ?? ""}/${setKey(body.promotion_ids)}`,
});

const winner = object(
  {
    experiment: name("Experiment that it won."),
    hash: name("First 16 hex digits of SHA-256 of its parameters as Python writes them."),
    fitness: number("Its fitness, in the experiment's own measure."),
    params: open("Its parameters."),
    metrics: optional(orNull(open("What was measured; null when nothing was."))),
  },
  "One winner.",
);

export const DreamComplete = defineSignal({
  name: "Q_DREAM_COMPLETE",
  kind: "completion",
  description: "A D-REAM cycle ended, or a trigger was answered without one.",
  facts: facts({
    success: flag("Whether the cycle led to a usable result."),
    exit_code: orNull(integer("Of the cycle's process; null when it did not run or was killed.")),
    duration_s: quantity("s", "How long it ran."),
    run_tag: orNull(name("Identifies the run; null when there was none.")),
    generation: optional(count("Last generation that was finished.")),
    promotion_path: optional(text("Where its promotion was written.")),
    telemetry_path: optional(text("Where its telemetry was written.")),
    trigger_reason: text("`reason` of the trigger."),
    trigger_topic: orNull(text("`topic` of the trigger.")),
    promotion_count: count("`promotion_count` of the trigger."),
    promotion_ids: optional(promotionIds("Promotions that the cycle considered.")),
    outcome: optional(
      oneOf(
        ["completed", "failed", "timeout", "coalesced", "refused"],
        "How the trigger ended: by a run, or answered without one of its own.",
      ),
    ),
    winners: optional(list(winner, "What won in this run; none unless it succeeded.")),
    error: optional(text("What went wrong.")),
  }),
  examples: [
    {
      success: true,
      exit_code: 0,
      duration_s: 612.4,
      run_tag: "1763116200",
      generation: 6,
      trigger_reason: "unacknowledged_promotions_detected",
      trigger_topic: null,
      promotion_count: 3,
      promotion_ids: ["tts_latency"],
      outcome: "completed",
      winners: [
        {
          experiment: "rag_opt",
          hash: "e73f10497a0b86c7",
          fitness: 0.83,
          params: { top_k: 5, temperature: 0.5 },
          metrics: { context_precision: 0.71 },
        },
      ],
    },
    {
      success: false,
      exit_code: null,
      duration_s: 0,
      run_tag: null,
      trigger_reason: "unacknowledged_promotions_detected",
      trigger_topic: null,
      promotion_count: 3,
      outcome: "coalesced",
    },
  ],
  emitters: [dreamConsumer],
  delivery: "every",
  loopKey: (body) =>
    `${body.run_tag ?? body.outcome ?? ""}/${body.trigger_reason}/${setKey(body.promotion_ids)}`,
});

export const DreamProgress = defineSignal({
  name: "Q_DREAM_PROGRESS",
  kind: "advisory",
  description: "How far a running D-REAM cycle is.",
  facts: facts({
    run_tag: name("Identifies the run."),
    experiment: optional(name("Experiment that is being worked on.")),
    experiments_done: optional(count("Experiments of this cycle that are finished.")),
    experiments: optional(count("Experiments of this cycle.")),
    generation: optional(count("Generation of the current experiment, from 0.")),
    candidates: optional(count("Candidates of the current experiment that were evaluated.")),
    candidates_max: optional(count("Candidates that its budget allows.")),
    failed: optional(count("Candidates of the current experiment whose evaluation failed.")),
    best_fitness: optional(number("Best fitness so far, in the experiment's own measure.")),
    elapsed_s: quantity("s", "Since the cycle began."),
    limit_s: quantity("s", "What the cycle may take."),
  }),
  examples: [
    {
      run_tag: "1763116200",
      experiment: "rag_opt",
      experiments_done: 0,
      experiments: 2,
      generation: 3,
      candidates: 24,
      candidates_max: 64,
      failed: 1,
      best_fitness: 0.79,
      elapsed_s: 41.5,
      limit_s: 1680,
    },
  ],
  emitters: [dreamConsumer],
  delivery: "live",
  loopKey: ({ run_tag }) => run_tag,
  root: true,
});

export const DreamTimeout = defineSignal({
  name: "Q_DREAM_TIMEOUT",
  kind: "error",
  description: "A D-REAM cycle was started and not completed in time.",
  facts: facts({
    run_tag: optional(name("Identifies the run, when known.")),
    timeout_seconds: quantity("s", "The limit that passed."),
    suggested_action: text("What to do now."),
    request_id: uuid("Id of the trigger that was not answered."),
  }),
  examples: [
    {
      timeout_seconds: 1800,
      suggested_action: "look at the dream-consumer's log and at its last run",
      request_id: "019a81ea-3040-7000-8000-000000000001",
    },
  ],
  emitters: [chemicalBus],
  delivery: "every",
  lane: () => "urgent",
  loopKey: ({ request_id }) => request_id,
  root: true,
});
