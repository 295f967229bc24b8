/**
 * What becomes of a winner: the first thing that stands against it decides. Pure: the winner, what is remembered of it and
 * the operator's settings come in as data. Nothing of a winner is interpreted but its values.
 */
import { checkValue, isNeverAllowed } from "./allow_list.ts";
import type { AllowedKey } from "./allow_list.ts";
import { violationOf } from "./guardrails.ts";
import type { Guardrail } from "./guardrails.ts";
import { keyOf } from "./parameter_keys.ts";
import type { ParameterMapping } from "./parameter_keys.ts";
import type { WinnerStanding } from "./winner_record.ts";

export interface Candidate {
  readonly experiment: string;
  readonly hash: string;
  readonly fitness: number;
  readonly params: Readonly<Record<string, unknown>>;
  readonly metrics?: Readonly<Record<string, unknown>> | null | undefined;
}

/** A key and the text that is to stand behind it. */
export interface KeyValue {
  readonly key: string;
  readonly text: string;
}

export interface Rules {
  readonly guardrails: readonly Guardrail[];
  readonly allow: readonly AllowedKey[];
  readonly autonomyLevel: number;
  readonly neededAutonomyLevel: number;
}

export interface Situation {
  readonly winner: Candidate;
  /** What is remembered of this very winner. */
  readonly standing: { readonly state: WinnerStanding; readonly reason: string } | undefined;
  /** Another tool deployed a winner of this hash. */
  readonly foreign: boolean;
  readonly mapping: ParameterMapping | undefined;
  /** Why the experiments' configuration, and with it the mapping, cannot be known. */
  readonly mappingProblem?: string | undefined;
  readonly rules: Rules;
  /** Set when a person approved it: only the autonomy level is passed over. */
  readonly approved?: boolean;
}

export type Verdict =
  | { readonly kind: "skip"; readonly reason: string }
  | { readonly kind: "block"; readonly reason: string }
  | { readonly kind: "hold"; readonly reason: string }
  | { readonly kind: "deploy"; readonly values: readonly KeyValue[] };

/** What a broken run of older runners wrote as its best. */
const FITNESS_OF_NOTHING = -1e18;

/** Bounds of what is remembered of one winner. */
const PARAMETERS_MAX = 32;
const CONTENT_LENGTH_MAX = 16_384;

export function judge(situation: Situation): Verdict {
  const { winner, rules } = situation;
  const unusable = whyUnusable(winner);
  if (unusable !== undefined) return block(unusable);
  const settled = situation.approved === true ? undefined : whySettled(situation);
  if (settled !== undefined) return { kind: "skip", reason: settled };
  const violation = violationOf(winner.metrics ?? {}, rules.guardrails);
  if (violation !== undefined) return block(`guardrail: ${violation}`);
  if (situation.mappingProblem !== undefined) return block(situation.mappingProblem);
  const mapped = valuesOf(winner, situation.mapping, rules.allow);
  if (!mapped.ok) return block(mapped.reason);
  const { values } = mapped;
  if (situation.approved !== true && rules.autonomyLevel < rules.neededAutonomyLevel) {
    const levels = `autonomy level ${rules.autonomyLevel} is below ${rules.neededAutonomyLevel}`;
    return { kind: "hold", reason: `${levels}: waits for approval` };
  }
  return { kind: "deploy", values };
}

function whyUnusable(winner: Candidate): string | undefined {
  if (!Number.isFinite(winner.fitness) || winner.fitness <= FITNESS_OF_NOTHING) {
    return `unusable: fitness ${winner.fitness} means that nothing was evaluated`;
  }
  if (winner.metrics === null || winner.metrics === undefined) return "unusable: it has no metrics";
  const count = Object.keys(winner.params).length;
  if (count === 0) return "unusable: it has no parameters";
  if (count > PARAMETERS_MAX) return `unusable: ${count} parameters, at most ${PARAMETERS_MAX}`;
  const length = JSON.stringify([winner.params, winner.metrics]).length;
  if (length > CONTENT_LENGTH_MAX) {
    return `unusable: parameters and metrics of ${length} characters, at most ${CONTENT_LENGTH_MAX}`;
  }
  return undefined;
}

function whySettled({ standing, foreign }: Situation): string | undefined {
  if (standing === undefined) return foreign ? "deployed before by another tool" : undefined;
  if (standing.state === "deployed") return "deployed before";
  if (standing.state === "rejected") return `rejected before: ${standing.reason}`;
  if (standing.state === "rolled_back") {
    return `taken back before: ${standing.reason}; approve it to deploy it again`;
  }
  return undefined;
}

type Mapped =
  | { readonly ok: true; readonly values: readonly KeyValue[] }
  | { readonly ok: false; readonly reason: string };

/** All or nothing: the parameters were measured together. */
export function valuesOf(
  winner: Candidate,
  mapping: ParameterMapping | undefined,
  allow: readonly AllowedKey[],
): Mapped {
  const values = new Map<string, string>();
  for (const [parameter, value] of Object.entries(winner.params)) {
    const key = keyOf(parameter, mapping);
    const what = `parameter ${shown(parameter)} (${shown(key)})`;
    if (isNeverAllowed(key)) return { ok: false, reason: `${what}: no winner may ever set this key` };
    const allowed = allow.find((one) => one.key === key);
    if (allowed === undefined) {
      return { ok: false, reason: `${what} is not on the allow-list of [winner-deployer]` };
    }
    const checked = checkValue(allowed, value);
    if (!checked.ok) return { ok: false, reason: `${what}: its value ${checked.reason}` };
    if (values.has(key) && values.get(key) !== checked.text) {
      return { ok: false, reason: `${what}: another parameter sets this key to another value` };
    }
    values.set(key, checked.text);
  }
  return { ok: true, values: [...values].map(([key, text]) => ({ key, text })) };
}

/** A name from outside, safe to print. */
function shown(name: string): string {
  return JSON.stringify(name.slice(0, 80)).slice(1, -1);
}

function block(reason: string): Verdict {
  return { kind: "block", reason };
}
