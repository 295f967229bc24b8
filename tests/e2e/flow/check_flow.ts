/**
 * Proves that a flow lost nothing and doubled nothing: signals, lines of the logs, entries of the registry and dead letters
 * are counted against each other and against what the tree was made of. Returns what is wrong; empty: nothing.
 */
import {
  CuriosityInvestigate,
  type Envelope,
  EvidenceUpdated,
  InvestigationComplete,
  ModuleDiscovered,
  ModuleIntegrated,
  type SignalDefinition,
} from "@kloros/signal-schema";
import type { FlowTree } from "./flow_tree.ts";
import type { Json, LeftBehind } from "./left_behind.ts";

export interface Wanted {
  readonly tree: FlowTree;
  /** Question ids of intents, each asked once. */
  readonly intents: ReadonlySet<string>;
  /** Files that were to be rejected. */
  readonly rejected?: number;
}

/** Allowed among the dead letters: brought back by the operator, content that never was a signal. */
const SETTLED_LETTERS = new Set(["retried", "reported"]);

export function checkFlow(left: LeftBehind, wanted: Wanted): string[] {
  return [
    ...left.journalFlaws,
    ...halfLines(left),
    ...checkSignals(left, wanted),
    ...checkInvestigations(left),
    ...checkModules(left, wanted),
    ...checkRegistry(left, wanted),
    ...checkDeadLetters(left, wanted),
  ];
}

function halfLines(left: LeftBehind): string[] {
  const { investigations, processed, integrated, integrations, failedSignals } = left;
  return [investigations, processed, integrated, integrations, failedSignals].flatMap(({ flaws }) => flaws);
}

/** Each initial question once, and to each thing said the one that follows from it, once. */
function checkSignals(left: LeftBehind, { tree, intents }: Wanted): string[] {
  const asked = of(left, CuriosityInvestigate);
  const completed = of(left, InvestigationComplete);
  const about = completed.filter(({ facts }) => facts["module_name"] !== undefined);
  const questions = [...tree.expected]
    .filter((name) => !tree.bare.has(name))
    .map((name) => `discover.module.${name}`);
  return [
    ...eachOnce("question", questions, asked.map(factOf("question_id")).filter(isOneOf(questions))),
    ...eachOnce(
      "intent's question",
      [...intents],
      asked.map(factOf("question_id")).filter(isOneOf([...intents])),
    ),
    ...eachOnce("completion caused by", idsOf(asked), completed.map(causeOf)),
    ...eachOnce("evidence caused by", idsOf(about), of(left, EvidenceUpdated).map(causeOf)),
  ];
}

/** One whole line in the log for each completion, one line of what was taken in. */
function checkInvestigations(left: LeftBehind): string[] {
  const completed = of(left, InvestigationComplete);
  const about = completed.filter(({ facts }) => facts["module_name"] !== undefined);
  const line = (one: Json): string => `${String(one["timestamp"])} ${String(one["question_id"])}`;
  const fact = ({ facts }: Envelope): string =>
    `${String(facts["investigation_timestamp"])} ${String(facts["question_id"])}`;
  const taken = (one: Json): string =>
    `${String(one["investigation_timestamp"])} ${String(one["module_name"])}`;
  return [
    ...eachOnce("record", completed.map(fact), left.investigations.lines.map(line)),
    ...eachOnce(
      "processed investigation",
      about.map(({ facts }) => taken(facts)),
      left.processed.lines.map(taken),
    ),
    ...left.investigations.lines
      // A generic question fails without a language model, and says so.
      .filter((one) => one["status"] !== "completed" && one["module_name"] !== undefined)
      .map((one) => `record of ${line(one)} is ${String(one["status"])}: ${String(one["error"])}`),
  ];
}

/** Each expected module is told of, announced, logged and recorded once. */
function checkModules(left: LeftBehind, { tree }: Wanted): string[] {
  const names = [...tree.expected];
  const known = Object.keys(left.evidence);
  return [
    ...eachOnce("Q_MODULE_INTEGRATED of", names, of(left, ModuleIntegrated).map(factOf("module_name"))),
    ...eachOnce("Q_MODULE_DISCOVERED of", names, of(left, ModuleDiscovered).map(factOf("module_name"))),
    ...eachOnce(
      "integrated_capabilities line of",
      names,
      left.integrated.lines.map((line) => String(line["capability"]).replace(/^undiscovered\./, "")),
    ),
    ...eachOnce(
      "integrations.jsonl line of",
      names,
      left.integrations.lines.map((line) => String(line["module_name"])),
    ),
    ...names.filter((name) => !known.includes(name)).map((name) => `semantic evidence lacks ${name}`),
  ];
}

/** One entry a module; without them the registry is byte for byte what it was. */
function checkRegistry(left: LeftBehind, { tree }: Wanted): string[] {
  const keys = [...left.registryText.matchAll(/^([A-Za-z_]\w*):/gm)].map(([, key]) => String(key));
  const before = [...tree.registryText.matchAll(/^([A-Za-z_]\w*):/gm)].map(([, key]) => String(key));
  const flaws = eachOnce("registry entry", [...before, ...tree.expected], keys);
  let text = left.registryText;
  for (const line of left.integrations.lines) {
    const inserted = String(line["inserted"]);
    const at = text.indexOf(inserted);
    if (at < 0) flaws.push(`the registry does not hold what was recorded for ${String(line["key"])}`);
    else text = text.slice(0, at) + text.slice(at + inserted.length);
  }
  if (text !== tree.registryText) flaws.push("the registry is not as it was apart from the new entries");
  return flaws;
}

function checkDeadLetters(left: LeftBehind, { rejected = 0 }: Wanted): string[] {
  const numbers = left.deadLetters.map(({ n }) => String(n));
  const contents = left.deadLetters.filter(({ reason }) => reason === "invalid");
  const open = left.deadLetters.filter((one) => one.reason !== "invalid" && !SETTLED_LETTERS.has(one.state));
  return [
    ...eachOnce(
      "failed_signals line of dead letter",
      numbers,
      left.failedSignals.lines.map((line) => String(line["dead_letter"])),
    ),
    ...open.map(
      ({ n, consumer, reason, error }) => `dead letter ${String(n)} of ${consumer}: ${reason}: ${error}`,
    ),
    ...(contents.length === rejected
      ? []
      : [`${String(contents.length)} contents were rejected, ${String(rejected)} should have been`]),
  ];
}

/** Missing, doubled and surplus ones. */
export function eachOnce(what: string, wanted: readonly string[], found: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const one of found) counts.set(one, (counts.get(one) ?? 0) + 1);
  const flaws: string[] = [];
  for (const one of new Set(wanted)) {
    const count = counts.get(one) ?? 0;
    if (count !== 1) flaws.push(`${what} ${one}: ${count === 0 ? "missing" : `${String(count)} times`}`);
    counts.delete(one);
  }
  return [...flaws, ...[...counts.keys()].map((one) => `${what} ${one}: nobody asked for it`)];
}

const of = (left: LeftBehind, definition: SignalDefinition): Envelope[] =>
  left.signals.filter(({ signal }) => signal === definition.name);
const idsOf = (signals: readonly Envelope[]): string[] => signals.map(({ id }) => id);
const causeOf = ({ cause }: Envelope): string => cause ?? "nothing";
const factOf =
  (name: string) =>
  ({ facts }: Envelope): string =>
    String(facts[name]);
const isOneOf = (all: readonly string[]): ((one: string) => boolean) => {
  const known = new Set(all);
  return (one) => known.has(one);
};
