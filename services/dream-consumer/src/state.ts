/** What this consumer remembers between triggers: how those that still wait are to be answered. Pure. */

export interface Answer {
  readonly outcome: "coalesced" | "refused";
  /** Of the cycle that took it over, or that it came too late for. */
  readonly runTag: string;
}

export interface ConsumerState {
  /** By id of the trigger, oldest first. */
  readonly answers: Readonly<Record<string, Answer>>;
}

/** A state travels with each delivery; waiting triggers are few, what is beyond runs a cycle of its own. */
export const ANSWERS_MAX = 1000;

export function readState(value: unknown): ConsumerState {
  const answers = (value as Partial<ConsumerState> | null)?.answers;
  return { answers: typeof answers === "object" ? answers : {} };
}

/** The newest are kept: the others were delivered long ago, or never will be. */
export function addAnswers(state: ConsumerState, ids: readonly string[], answer: Answer): ConsumerState {
  const added = Object.fromEntries(ids.map((id) => [id, answer]));
  const entries = Object.entries({ ...state.answers, ...added });
  return { answers: Object.fromEntries(entries.slice(-ANSWERS_MAX)) };
}

export function dropAnswer(state: ConsumerState, id: string): ConsumerState {
  return { answers: Object.fromEntries(Object.entries(state.answers).filter(([key]) => key !== id)) };
}
