/** The facts of `Q_CURIOSITY_INVESTIGATE` from any of the six shapes that mean it. Pure. */
import type { CuriosityInvestigate, FactsOf } from "@kloros/signal-schema";
import { pickText, pickTexts } from "./intent_facts.ts";
import type { Intent } from "./parse_intent.ts";
import type { Priority } from "./priority.ts";

type InvestigateFacts = FactsOf<typeof CuriosityInvestigate>;

const MODULE_QUESTION = "discover.module.";

/** `undefined`: there is no question to ask. */
export function investigationFacts(intent: Intent, priority: Priority): InvestigateFacts | undefined {
  const question = pickText(intent, "question");
  if (question === undefined) return undefined;
  const questionId = pickText(intent, "question_id", "id") ?? deriveQuestionId(intent.type, question);
  const evidence = pickTexts(intent, "evidence");
  const module = moduleOf(intent, questionId, evidence);
  return {
    question,
    question_id: questionId,
    priority,
    evidence,
    hypothesis: pickText(intent, "hypothesis") ?? module.hypothesis,
    capability_key: pickText(intent, "capability_key") ?? module.capabilityKey,
    action_class: pickText(intent, "action_class") ?? "investigate",
    ...(module.name === undefined ? {} : { module_name: module.name }),
    ...(module.path === undefined ? {} : { module_path: module.path }),
    ...(intent.type === "" ? {} : { intent_type: intent.type }),
  };
}

interface ModuleFacts {
  readonly name: string | undefined;
  readonly path: string | undefined;
  readonly hypothesis: string;
  readonly capabilityKey: string;
}

/** The observer's shape carries only the question id and evidence; the rest follows from the module's name. */
function moduleOf(intent: Intent, questionId: string, evidence: readonly string[]): ModuleFacts {
  const name =
    pickText(intent, "module_name") ??
    (questionId.startsWith(MODULE_QUESTION)
      ? questionId.slice(MODULE_QUESTION.length) || undefined
      : undefined);
  const path = pickText(intent, "module_path") ?? pathIn(evidence);
  if (name === undefined) return { name, path, hypothesis: "", capabilityKey: "" };
  return {
    name,
    path,
    hypothesis: `UNDISCOVERED_MODULE_${name.toUpperCase()}`,
    capabilityKey: `undiscovered.${name}`,
  };
}

function pathIn(evidence: readonly string[]): string | undefined {
  const entry = evidence.find((text) => text.startsWith("path:"));
  return entry === undefined ? undefined : entry.slice("path:".length).trim() || undefined;
}

/** The same question gets the same id, so that what was asked already can be recognised. */
export function deriveQuestionId(type: string, question: string): string {
  const digest = new Bun.CryptoHasher("sha256").update(question).digest("hex").slice(0, 16);
  return `${type === "" ? "question" : type}.${digest}`;
}
