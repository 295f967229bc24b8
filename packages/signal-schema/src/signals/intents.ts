/** What enters through legacy intent files (DESIGN 4.2). */
import { canonicalJson } from "../canonical_json.ts";
import { defineSignal } from "../define_signal.ts";
import { intentRouter, operator, policyEngine } from "../emitters.ts";
import {
  facts,
  integer,
  laneOfPriority,
  longText,
  name,
  open,
  optional,
  priority,
  quantity,
  text,
} from "../fact_types.ts";
import { shortHash } from "../sha256.ts";

export const IntentReady = defineSignal({
  name: "Q_INTENT_READY",
  kind: "advisory",
  description: "An intent file was found complete and is about to be routed.",
  facts: facts({
    file: name("File name within the intents directory."),
    intent_type: text("Type that the content declares."),
    priority: priority("Priority that the content declares, as a word."),
    age_s: quantity("s", "Time since the file was last modified."),
  }),
  examples: [
    {
      file: "1763116200000_discover.module_1a2b3c4d.json",
      intent_type: "discover.module",
      priority: "normal",
      age_s: 0.004,
    },
  ],
  emitters: [intentRouter],
  delivery: "live",
  loopKey: ({ file }) => file,
  root: true,
});

export const WorkflowSuggested = defineSignal({
  name: "Q_WORKFLOW_SUGGESTED",
  kind: "advisory",
  description: "Someone suggests to start a workflow; only the policy engine decides whether it starts.",
  facts: facts({
    workflow: name("What is suggested, e.g. `dream` or `phase_diagnostic`."),
    reason: longText("Why it is suggested; may be empty."),
    data: open("The intent's own data, unchanged."),
    intent_type: optional(text("Type of the intent file it came from, e.g. `suggest_phase_diagnostic`.")),
    priority: optional(priority("Priority that the intent declared, as a word.")),
  }),
  examples: [
    {
      workflow: "phase_diagnostic",
      reason: "phase epochs became slower for three days",
      data: { epochs: 3 },
      intent_type: "suggest_phase_diagnostic",
      priority: "normal",
    },
  ],
  emitters: [intentRouter, operator],
  delivery: "latest",
  // Copies of one suggestion collapse; suggestions that say something different do not.
  key: ({ workflow, data }) => `${workflow}/${shortHash(canonicalJson(data))}`,
  lane: (body) => laneOfPriority(body.priority),
  loopKey: ({ workflow, data }) => `${workflow}/${shortHash(canonicalJson(data))}`,
  root: true,
});

export const IntegrationFix = defineSignal({
  name: "Q_INTEGRATION_FIX",
  kind: "trigger",
  description: "Asks to repair how a component is wired in.",
  facts: facts({
    question_id: name("Identifies the question that led here."),
    question: optional(longText("The question.")),
    hypothesis: optional(text("What is presumed to be wrong.")),
    fix_specification: optional(open("What to change; shape given by the sender.")),
    autonomy_level: optional(integer("Autonomy level that the fix needs; 0 is none.")),
  }),
  examples: [
    {
      question_id: "fix.audio.orphaned_queue",
      question: "Who should consume the audio queue?",
      hypothesis: "ORPHANED_QUEUE_AUDIO",
      fix_specification: { action: "connect", queue: "audio" },
      autonomy_level: 2,
    },
  ],
  emitters: [intentRouter, policyEngine, operator],
  delivery: "every",
  // The intent carries priority 9 (FACTS B2).
  lane: () => "urgent",
  loopKey: (body) => `${body.question_id}/${shortHash(canonicalJson(body.fix_specification ?? {}))}`,
});

export const SpicaSpawn = defineSignal({
  name: "Q_SPICA_SPAWN",
  kind: "trigger",
  description: "Asks to spawn a SPICA instance that tries out a fix.",
  facts: facts({
    question_id: name("Identifies the question that led here."),
    question: optional(longText("The question.")),
    hypothesis: optional(text("What the instance is to test.")),
    fix_context: optional(open("What the instance needs to know; shape given by the sender.")),
    validation: optional(open("How to judge the result; shape given by the sender.")),
  }),
  examples: [
    {
      question_id: "spica.tts.latency",
      question: "Does a smaller buffer lower the latency?",
      hypothesis: "TTS_BUFFER_TOO_LARGE",
      fix_context: { parameter: "buffer_ms", from: 200, to: 80 },
      validation: { metric: "latency_ms", below: 300 },
    },
  ],
  emitters: [intentRouter, policyEngine, operator],
  delivery: "every",
  // The intent carries priority 8 (FACTS B2).
  lane: () => "urgent",
  loopKey: (body) => `${body.question_id}/${shortHash(canonicalJson(body.fix_context ?? {}))}`,
});

export const RunScanner = defineSignal({
  name: "Q_RUN_SCANNER",
  kind: "trigger",
  description: "Asks to run one of the scanners.",
  facts: facts({
    scanner: name("Name of the scanner."),
    triggered_by: optional(text("Who or what asked for it.")),
  }),
  examples: [{ scanner: "documentation", triggered_by: "operator" }],
  emitters: [intentRouter, policyEngine, operator],
  delivery: "every",
  loopKey: ({ scanner }) => scanner,
});
