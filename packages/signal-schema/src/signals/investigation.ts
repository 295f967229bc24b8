/** From a question to what was found out. */
import type { Static } from "@sinclair/typebox";
import { defineSignal } from "../define_signal.ts";
import {
  chemicalBus,
  curiosityCore,
  intentRouter,
  investigationConsumer,
  operator,
  policyEngine,
  semanticDedup,
} from "../emitters.ts";
import { evidenceHash, stableEvidence } from "../evidence_hash.ts";
import {
  count,
  facts,
  flag,
  laneOfPriority,
  list,
  longText,
  name,
  object,
  oneOf,
  optional,
  priority,
  quantity,
  share,
  text,
  utcTime,
  uuid,
} from "../fact_types.ts";

/** Asking again with new evidence is wanted and has a new key; a day's passing is not new evidence. */
const questionKey = (questionId: string, evidence: readonly string[]): string =>
  `${questionId}/${evidenceHash(stableEvidence(evidence))}`;

export const CuriosityInvestigate = defineSignal({
  name: "Q_CURIOSITY_INVESTIGATE",
  kind: "trigger",
  description: "Asks to investigate a question.",
  facts: facts({
    question: longText("The question in words."),
    question_id: name("Identifies the question, e.g. `discover.module.audio`."),
    priority: priority("How urgent it is; critical and high overtake."),
    evidence: list(longText("One piece, usually `key:value`."), "What led to the question."),
    hypothesis: optional(text("What is presumed, e.g. `UNDISCOVERED_MODULE_AUDIO`.")),
    capability_key: optional(text("Capability it is about, e.g. `undiscovered.audio`.")),
    action_class: optional(text("Kind of action wanted; absent counts as `investigate`.")),
    module_name: optional(name("Module it is about.")),
    module_path: optional(name("The module's directory in the file system.")),
    intent_type: optional(text("Type of the intent file it came from.")),
  }),
  examples: [
    {
      question: "What does the audio module do?",
      question_id: "discover.module.audio",
      priority: "normal",
      evidence: [
        "path:/home/kloros/src/audio",
        "has_init:True",
        "py_files:14",
        "has_docs:False",
        "age_days:3",
      ],
      hypothesis: "UNDISCOVERED_MODULE_AUDIO",
      capability_key: "undiscovered.audio",
      action_class: "investigate",
      module_name: "audio",
      module_path: "/home/kloros/src/audio",
    },
  ],
  emitters: [curiosityCore, intentRouter, semanticDedup, policyEngine, operator],
  delivery: "every",
  lane: (body) => laneOfPriority(body.priority),
  deadline: {
    answeredBy: ["Q_INVESTIGATION_COMPLETE"],
    matchFact: "question_id",
    limitMs: 10 * 60_000,
    workerLimitMs: 9 * 60_000,
    answeringConsumer: "investigation-consumer",
    timeoutSignal: "Q_INVESTIGATION_TIMEOUT",
  },
  loopKey: ({ question_id, evidence }) => questionKey(question_id, evidence),
});

/** Entries of one summary list. What does not fit is left out and `truncated` says so. */
const summaryListMax = 2048;

const names = (what: string) => list(text("One entry."), what, summaryListMax);

/**
 * A bounded summary of an investigation's record. Its JSON text stays within `SUMMARY_BYTES_MAX`; the whole record
 * stands in the investigations log.
 */
const investigationSummary = object(
  {
    files_analyzed: optional(count("Files that were parsed.")),
    total_lines: optional(count("Lines in these files.")),
    classes: optional(names("Names of classes.")),
    functions: optional(names("Names of functions.")),
    imports: optional(names("Imported modules.")),
    docstrings: optional(list(longText("One docstring."), "Docstrings.", summaryListMax)),
    entry_points: optional(names("How the module is started, e.g. `__main__`.")),
    complexity: optional(quantity("branches", "Branching points over all functions (cyclomatic, summed).")),
    purpose: optional(longText("What the module is for.")),
    capabilities: optional(names("What the module can do.")),
    key_abstractions: optional(names("Ideas that its code turns on.")),
    integration_points: optional(names("Where it touches other modules.")),
    callable_interface: optional(names("Signatures that others may call.")),
  },
  "Bounded summary of the record; the whole record stands in the investigations log.",
);
export type InvestigationSummary = Static<typeof investigationSummary>;

/** Of a summary's JSON text in UTF-8 (DESIGN 4.6). */
export const SUMMARY_BYTES_MAX = 64 * 1024;

export const InvestigationComplete = defineSignal({
  name: "Q_INVESTIGATION_COMPLETE",
  kind: "completion",
  description: "An investigation ended, with or without a result.",
  facts: facts({
    investigation_timestamp: name(
      "The record's own `timestamp`, character by character: records are looked up by it.",
    ),
    question_id: name("Identifies the question that was asked."),
    status: oneOf(["completed", "failed"], "Whether it led to a result."),
    duration_ms: quantity("ms", "Time spent on it."),
    queue_wait_time_ms: quantity("ms", "Time it waited before."),
    module_name: optional(name("Module it was about.")),
    module_path: optional(name("The module's directory in the file system.")),
    model_used: optional(text("Language model that took part.")),
    tokens_used: optional(count("Tokens spent on it.")),
    question: optional(longText("The question in words.")),
    priority: optional(priority("Priority of the question: an urgent answer overtakes too.")),
    hypothesis: optional(text("Hypothesis of the question.")),
    capability_key: optional(text("Capability the question was about.")),
    evidence: optional(list(longText("One piece."), "Evidence of the question.")),
    confidence: optional(share("How sure the result is, 0 to 1.")),
    method: optional(text("How it was found, e.g. `static_analysis` or `static_analysis+llm`.")),
    summary: optional(investigationSummary),
    truncated: optional(flag("Whether the summary left something out.")),
    outcome: optional(
      oneOf(
        ["completed", "failed", "coalesced", "refused"],
        "How the request ended: worked on, or answered without work of its own.",
      ),
    ),
    error: optional(longText("What went wrong.")),
  }),
  examples: [
    {
      investigation_timestamp: "2026-11-23T02:02:33.720716",
      question_id: "discover.module.audio",
      status: "completed",
      duration_ms: 412.5,
      queue_wait_time_ms: 3.2,
      module_name: "audio",
      module_path: "/home/kloros/src/audio",
      hypothesis: "UNDISCOVERED_MODULE_AUDIO",
      capability_key: "undiscovered.audio",
      evidence: ["path:/home/kloros/src/audio", "has_init:True", "py_files:14"],
      confidence: 1,
      method: "static_analysis",
      summary: {
        files_analyzed: 14,
        total_lines: 3120,
        classes: ["Recorder", "VoiceActivity"],
        functions: ["record", "main"],
        imports: ["numpy", "wave"],
        docstrings: ["Records from the default microphone."],
        entry_points: ["__main__"],
        complexity: 210,
        capabilities: ["records audio"],
        callable_interface: ["record(seconds: float) -> bytes"],
      },
      truncated: false,
      outcome: "completed",
    },
    {
      investigation_timestamp: "2026-11-23T02:03:01.000001",
      question_id: "discover.module.gone",
      status: "failed",
      duration_ms: 1.1,
      queue_wait_time_ms: 0,
      outcome: "failed",
      error: "/home/kloros/src/gone does not exist",
    },
  ],
  emitters: [investigationConsumer],
  delivery: "every",
  lane: (body) => laneOfPriority(body.priority),
  loopKey: (body) => questionKey(body.question_id, body.evidence ?? []),
});

export const InvestigationTimeout = defineSignal({
  name: "Q_INVESTIGATION_TIMEOUT",
  kind: "error",
  description: "A question was handed to a worker and not answered in time.",
  facts: facts({
    question_id: name("Identifies the question."),
    timeout_seconds: quantity("s", "The limit that passed."),
    suggested_action: text("What to do now."),
    request_id: optional(uuid("Id of the request that was not answered.")),
  }),
  examples: [
    {
      question_id: "discover.module.audio",
      timeout_seconds: 600,
      suggested_action: "look at the investigation-consumer's log; ask again when it is healthy",
      request_id: "019a81ea-3040-7000-8000-000000000001",
    },
  ],
  emitters: [chemicalBus],
  delivery: "every",
  lane: () => "urgent",
  loopKey: ({ question_id }) => question_id,
  root: true,
});

export const EvidenceUpdated = defineSignal({
  name: "Q_EVIDENCE_UPDATED",
  kind: "completion",
  description: "The semantic evidence about a module was brought up to date.",
  facts: facts({
    module_name: name("The module."),
    evidence_hash: name("Hash of the evidence it now rests on, 16 hexadecimal digits."),
    changed: list(text("Name of a field."), "Fields of the evidence that changed; empty when none did."),
    suppressed: flag("Whether further questions about the module are suppressed."),
    updated_at: optional(utcTime("When it happened.")),
  }),
  examples: [
    {
      module_name: "audio",
      evidence_hash: "0eab8a0a3380abf4",
      changed: ["provides_capabilities", "purpose"],
      suppressed: false,
    },
  ],
  emitters: [semanticDedup],
  delivery: "every",
  loopKey: ({ module_name, evidence_hash }) => `${module_name}/${evidence_hash}`,
});
