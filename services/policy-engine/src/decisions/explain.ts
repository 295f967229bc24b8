/** A decision in plain sentences: why it fired, why not, and when it may. Pure. */
import type { Emitting } from "./decision_reader.ts";
import type { DecisionRecord, Outcome, Part } from "./decision_record.ts";

/** Subjects that are named one by one. */
const NAMED_MAX = 5;

export function explainDecision(record: DecisionRecord): readonly string[] {
  return [
    whatHappened(record),
    ...(record.aboutId === undefined
      ? []
      : [
          `It was about ${record.aboutSignal ?? "the signal"} ${record.aboutId}, which had been held back before.`,
        ]),
    ...record.parts.flatMap((part) => partSentence(part, record)),
    ...subjectSentences(record),
    ...eligibleSentence(record),
  ];
}

type Telling = (record: DecisionRecord, reason: string) => string;

/** What comes behind "Rule x on y". */
const TOLD: Readonly<Record<Outcome, Telling>> = {
  fired: ({ emits, triggerId }) =>
    ` fired: its condition was met, no control held it back, and it emitted ${emits} ${triggerId ?? ""}`,
  condition_false: ({ condition }) => ` did not fire: its condition was not met: ${condition}`,
  condition_error: (_, reason) =>
    ` did not fire: its condition could not be worked out, which counts as not met: ${reason}`,
  no_subjects: (_, reason) => ` did not fire: its condition was met, but ${reason}`,
  held: ({ control }, reason) =>
    ` did not fire: its condition was met, but ${control ?? "a control"} held it back: ${reason}`,
  emit_error: ({ emits }, reason) => ` did not fire: ${emits} could not be built: ${reason}`,
  disabled: (_, reason) => ` was not judged: ${reason}`,
  released: ({ emits, triggerId }, reason) =>
    `: ${reason}${triggerId === undefined ? "" : ` (${emits} ${triggerId})`}; it may fire again`,
};

function whatHappened(record: DecisionRecord): string {
  const { rule, signal, signalId, outcome, reason = "no reason was recorded" } = record;
  const head = `Rule "${rule}" (${at(record.atMs)}, on ${signal} ${signalId})`;
  return `${head}${TOLD[outcome](record, reason)}.`;
}

/** What was met is of interest when it fired, what was not met when it did not. */
function partSentence(part: Part, { outcome }: DecisionRecord): readonly string[] {
  const { text, value, reads } = part;
  const seen = Object.entries(reads).map(([name, shown]) => `${name} was ${shown}`);
  const values = seen.length === 0 ? "" : `: ${seen.join(", ")}`;
  if (typeof value === "object")
    return [`It could not be worked out whether ${text} (${value.error})${values}.`];
  if (!value) return [`Not met: ${text}${values}.`];
  return outcome === "condition_false" || outcome === "condition_error" ? [] : [`Met: ${text}${values}.`];
}

function subjectSentences({ outcome, subjects, cooling }: DecisionRecord): readonly string[] {
  const sentences: string[] = [];
  if (subjects.length > 0) {
    const role =
      outcome === "fired"
        ? "It fired for"
        : outcome === "released"
          ? "It had fired for"
          : "It would fire for";
    sentences.push(`${role} ${listed(subjects)}.`);
  }
  const named = cooling.filter(({ subject }) => subject !== "");
  if (named.length > 0) {
    sentences.push(
      `Cooling down: ${listed(named.map(({ subject, untilMs }) => `${subject} until ${at(untilMs)}`))}.`,
    );
  }
  return sentences;
}

function eligibleSentence(record: DecisionRecord): readonly string[] {
  if (record.outcome !== "held") return [];
  if (record.eligibleAtMs === undefined)
    return ["When it may fire next is not known: somebody has to let it."];
  // Only these two judge this signal again; for the others another one has to come.
  const { control } = record;
  const how =
    control === "singleton"
      ? ", or sooner, when that run ends"
      : control === "debounce"
        ? ""
        : ", on a signal that comes then";
  return [`It may fire from ${at(record.eligibleAtMs)} on${how}.`];
}

/** Why a signal was, or was not, emitted up to a moment; newest first. */
export function explainEmitting(emitting: Emitting): readonly string[] {
  const { rules, records, empty, logSinceMs } = emitting;
  const known =
    logSinceMs === undefined ? "The log has no evaluation yet." : `The log goes back to ${at(logSinceMs)}.`;
  if (empty === "before_log")
    return [`What was decided then is not known: the log goes back to ${at(logSinceMs ?? 0)}.`];
  if (empty === "no_rule") {
    return rules === undefined
      ? ["No rules were ever in force here."]
      : [`None of the rules in force emits it (${rules.source}).`];
  }
  if (empty === "nothing_advised") {
    const [first] = rules?.rules ?? [];
    const listens = (rules?.rules ?? []).map(({ name, on }) => `"${name}" listens to ${on.join(", ")}`);
    const off = rules?.rules.every(({ enabled }) => !enabled) === true && first !== undefined;
    return [
      `Nothing was evaluated up to then: no signal that its rules listen to reached the engine (${listens.join("; ")}).`,
      ...(off ? ["All these rules are switched off."] : []),
      known,
    ];
  }
  return records.flatMap(explainDecision);
}

function listed(items: readonly string[]): string {
  const more = items.length - NAMED_MAX;
  const shown = items.slice(0, NAMED_MAX).join(", ");
  return more > 0 ? `${shown} and ${String(more)} more` : shown;
}

/** UTC, to the second. */
function at(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")}Z`;
}
