/** The remembered winners and an environment file's text without disk and bus: what a cycle and a decision make of both. */
import { judge } from "../decide.ts";
import type { Candidate, Rules, Verdict } from "../decide.ts";
import { effective, parseEnv } from "../env_document.ts";
import { keysThatDiffer, restoreKeys, setKeys } from "../env_edit.ts";
import { findWinner, readMemory } from "../memory.ts";
import type { Memory, Remembered } from "../memory.ts";
import type { Deployment, Outcome } from "../plan.ts";
import { settle } from "../settle.ts";
import { takenBack, whyNotLast, whyNotWithdrawn, withdrawn } from "../succession.ts";
import type { Stands } from "../succession.ts";

const RULES: Rules = {
  guardrails: [],
  allow: ["K1", "K2", "K3"].map((key) => ({ key, type: "integer" })),
  autonomyLevel: 2,
  neededAutonomyLevel: 2,
};
const MAX = 100;

export function contender(name: string, params: Candidate["params"]): Candidate {
  return { experiment: "e", hash: name, fitness: 1, params, metrics: {} };
}

export class SuccessionWorld {
  text: string;
  memory: Memory = readMemory(null);
  #turn = 0;

  constructor(text: string) {
    this.text = text;
  }

  readonly stands: Stands = (_winner, edits) => keysThatDiffer(this.text, edits).length === 0;

  value(key: string): string | null {
    return effective(parseEnv(this.text), key)?.value ?? null;
  }

  find(winner: Candidate): Remembered | undefined {
    return findWinner(this.memory, winner);
  }

  /** It wins a cycle. `how`: what its validation or the autonomy level makes of it. */
  win(winner: Candidate, how: "works" | "fails" | "held" = "works"): Verdict {
    const rules = how === "held" ? { ...RULES, autonomyLevel: 0 } : RULES;
    const standing = this.find(winner);
    const verdict = judge({ winner, standing, foreign: false, mapping: SAME_NAMES, rules });
    const outcomes = verdict.kind === "deploy" ? [this.#outcome(verdict.values, how)] : [];
    const { experiment, hash } = winner;
    const judged = [{ experiment, hash, verdict }];
    const plan = { kind: "deploy", at: this.#now(), judged, steps: [], current: null, outcomes } as const;
    const options = { runTag: null, rememberMax: MAX, preview: () => [] };
    this.memory = settle(this.memory, [winner], plan, options).memory;
    return verdict;
  }

  /** Why it is refused; undefined: done. */
  rollBack(winner: Candidate): string | undefined {
    const known = this.find(winner);
    if (known?.deployment === null || known === undefined) return "unknown";
    const refusal = whyNotLast(this.memory, known) ?? (known.state === "deployed" ? undefined : known.reason);
    if (refusal !== undefined) return refusal;
    this.text = restoreKeys(this.text, known.deployment.edits).text;
    const entry: Remembered = { ...known, state: "rolled_back", when: this.#now(), deployment: null };
    this.memory = takenBack(this.memory, entry, { maxWinners: MAX, stands: this.stands });
    return undefined;
  }

  reject(winner: Candidate): string | undefined {
    const known = this.find(winner);
    if (known === undefined || known.state === "deployed") return "roll it back";
    const refusal = whyNotWithdrawn(this.memory, known, this.stands);
    if (refusal !== undefined) return refusal;
    const entry: Remembered = { ...known, state: "rejected", when: this.#now(), deployment: null };
    this.memory = withdrawn(this.memory, entry, MAX);
    return undefined;
  }

  #outcome(values: readonly { key: string; text: string }[], how: string): Outcome {
    const none = { winner: 0, deployed: false, reason: "", rolledBack: true, deployment: null };
    if (how !== "works") return none;
    const { text, edits } = setKeys(this.text, values);
    this.text = text;
    const files = { target: "", backup: null, sha256Before: "00", sha256After: "11" };
    const deployment: Deployment = { winners: [0], ...files, edits, undoing: null };
    return { winner: 0, deployed: true, reason: "", rolledBack: false, deployment };
  }

  #now(): string {
    this.#turn += 1;
    return new Date(this.#turn).toISOString();
  }
}

const SAME_NAMES = new Map([1, 2, 3].map((n) => [`k${n}`, `K${n}`]));
