/** From a completion and what is remembered of its module to what is known now, and whether to ask again. Pure. */
import {
  evidenceHash,
  stableEvidence,
  type CuriosityInvestigate,
  type EvidenceUpdated,
  type FactsOf,
  type InvestigationComplete,
} from "@kloros/signal-schema";
import type { EvidenceEntry, ModuleFacts, Suppression } from "./evidence.ts";
import type { ModuleState } from "./state.ts";
import { nextSuppression, withOverride, type SuppressionRules } from "./suppression.ts";

export type Completion = FactsOf<typeof InvestigationComplete>;

export interface Rules extends SuppressionRules {
  readonly askAgainHours: number;
}

export interface Circumstances {
  /** UTC, ms. */
  readonly nowMs: number;
  /** The same instant and the end of a suppression that starts now, local naive ISO. */
  readonly now: string;
  readonly until: string;
  /** Names of modules in the source tree and in the evidence file. */
  readonly knownModules: ReadonlySet<string>;
  /** The module's suppression as it stands in the file. */
  readonly suppressionInFile: Suppression | null;
}

export interface Decision {
  readonly state: ModuleState;
  readonly updated: FactsOf<typeof EvidenceUpdated>;
  readonly ask: FactsOf<typeof CuriosityInvestigate> | null;
}

const HOUR_MS = 3_600_000;
const LIST_MAX = 100;
const TEXT_MAX = 500;

/** `moduleName`: the completion's, which has one. */
export function decide(
  completion: Completion,
  moduleName: string,
  state: ModuleState | null,
  circumstances: Circumstances,
  rules: Rules,
): Decision {
  const { now, until } = circumstances;
  const hash = evidenceHash(stableEvidence(completion.evidence ?? []));
  const failure = failureOf(completion, state, hash);
  const before = withOverride(state?.entry.suppression, circumstances.suppressionInFile);
  const suppression = nextSuppression(before, { failure, now, until }, rules);
  const facts = factsOf(completion, moduleName, state, circumstances.knownModules);
  const entry: EvidenceEntry = {
    discovered_at: state === null || state.entry.discovered_at === "" ? now : state.entry.discovered_at,
    ...facts,
    last_updated: now,
    ...(suppression === undefined ? {} : { suppression }),
  };
  const suppressed = suppression?.suppressed === true;
  const asks = !suppressed && asksAgain(state, hash, circumstances.nowMs, rules);
  return {
    state: {
      entry,
      evidenceHash: hash,
      askedAtMs: asks ? circumstances.nowMs : (state?.askedAtMs ?? null),
      askedHash: asks ? hash : state?.askedHash === hash ? null : (state?.askedHash ?? null),
    },
    updated: {
      module_name: moduleName,
      evidence_hash: hash,
      changed: changedFields(state?.entry, entry),
      suppressed,
      updated_at: new Date(circumstances.nowMs).toISOString(),
    },
    ask: asks ? question(completion, moduleName) : null,
  };
}

/** Why this investigation counts as failed (FACTS B5); null when it does not. */
function failureOf(completion: Completion, state: ModuleState | null, hash: string): string | null {
  if (completion.status !== "completed") return completion.error ?? "it did not complete";
  const { tags } = completion as { readonly tags?: unknown };
  if (Array.isArray(tags) && tags.includes("unsolvable")) return "it was found unsolvable";
  if ((completion.evidence ?? []).length === 0) return "it had no evidence";
  const repeated = state !== null && state.evidenceHash === hash && state.askedHash !== hash;
  return repeated ? "its evidence was the same as the last time" : null;
}

/** A failed investigation tells nothing new about the module: what was known stays. */
function factsOf(
  completion: Completion,
  moduleName: string,
  state: ModuleState | null,
  known: ReadonlySet<string>,
): ModuleFacts {
  const { summary } = completion;
  if (completion.status === "completed" && summary !== undefined) {
    const imports = [...(summary.imports ?? []), ...(summary.integration_points ?? [])];
    return {
      integrates_with: integratesWith(imports, moduleName, known),
      provides_capabilities: bounded(summary.capabilities),
      key_abstractions: bounded(summary.key_abstractions),
      purpose: summary.purpose === undefined || summary.purpose === "" ? null : summary.purpose,
    };
  }
  const {
    integrates_with = [],
    provides_capabilities = [],
    key_abstractions = [],
    purpose = null,
  } = state?.entry ?? {};
  return { integrates_with, provides_capabilities, key_abstractions, purpose };
}

/** Other known modules among the first parts of absolute imports; `src.audio` is the source root's `audio`. */
function integratesWith(
  imports: readonly string[],
  moduleName: string,
  known: ReadonlySet<string>,
): string[] {
  const found = imports.flatMap((name) => {
    const [first = "", second] = name.split(".");
    const module = first === "src" && second !== undefined ? second : first;
    return module !== "" && module !== moduleName && known.has(module) ? [module] : [];
  });
  return [...new Set(found)].toSorted().slice(0, LIST_MAX);
}

function bounded(texts: readonly string[] | undefined): string[] {
  return (texts ?? []).slice(0, LIST_MAX).map((text) => text.slice(0, TEXT_MAX).toWellFormed());
}

/** New stable evidence about a module that was seen before, at most once in the given time. */
function asksAgain(state: ModuleState | null, hash: string, nowMs: number, rules: Rules): boolean {
  if (state === null || state.evidenceHash === null || state.evidenceHash === hash) return false;
  return state.askedAtMs === null || nowMs - state.askedAtMs >= rules.askAgainHours * HOUR_MS;
}

function question(completion: Completion, moduleName: string): FactsOf<typeof CuriosityInvestigate> {
  return {
    question: `What has changed in the module ${moduleName}? Its evidence is not what it was.`,
    question_id: completion.question_id,
    priority: "normal",
    evidence: completion.evidence ?? [],
    action_class: "investigate",
    intent_type: "reinvestigate",
    module_name: moduleName,
    ...(completion.module_path === undefined ? {} : { module_path: completion.module_path }),
    ...(completion.hypothesis === undefined ? {} : { hypothesis: completion.hypothesis }),
    ...(completion.capability_key === undefined ? {} : { capability_key: completion.capability_key }),
  };
}

const COMPARED = ["integrates_with", "provides_capabilities", "key_abstractions", "purpose"] as const;

function changedFields(before: EvidenceEntry | undefined, after: EvidenceEntry): string[] {
  const facts = COMPARED.filter(
    (field) => JSON.stringify(before?.[field] ?? null) !== JSON.stringify(after[field]),
  );
  const lifted = before?.suppression?.suppressed === true;
  const suppression = lifted !== (after.suppression?.suppressed === true) ? ["suppression"] : [];
  return [...facts, ...suppression];
}
