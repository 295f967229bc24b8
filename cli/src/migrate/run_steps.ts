/**
 * Takes a change of phase from where it stands to its end. A way forward on which a step fails is gone back at once, so
 * that things are as they were; a way back that fails stays where it is, and says so.
 */
import { crashPoint } from "@kloros/daemon";
import { planBack } from "./decide.ts";
import type { MigrationState, Pending } from "./migration_state.ts";
import { LAST } from "./phases.ts";
import type { Step } from "./steps.ts";

/** One step could not be done, or does not hold. */
export class StepError extends Error {
  override readonly name = "StepError";
}

export interface Runner {
  readonly nowMs: () => number;
  /** On disk when it resolves. */
  readonly save: (state: MigrationState) => Promise<void>;
  /** Does it and sees that it holds. Rejects with `StepError`. */
  readonly perform: (step: Step) => Promise<void>;
  /** Told before each step. */
  readonly tell: (step: Step, index: number, of: number) => void;
}

export type Outcome =
  | { readonly kind: "arrived"; readonly state: MigrationState }
  /** It failed and was undone: things are as they were. */
  | { readonly kind: "undone"; readonly state: MigrationState; readonly why: string }
  /** It stopped half-way; what was done stands in the state. */
  | { readonly kind: "stopped"; readonly state: MigrationState; readonly why: string };

/** `state.pending` says what to do. Other errors than `StepError` are passed on, with the state as it was saved. */
export async function runPending(
  state: MigrationState & { readonly pending: Pending },
  runner: Runner,
): Promise<Outcome> {
  let { pending } = state;
  const keep = async (changed: Pending): Promise<void> => {
    pending = changed;
    await runner.save({ ...state, pending });
  };
  try {
    for (const [index, step] of pending.steps.entries()) {
      if (index < pending.done) continue;
      runner.tell(step, index, pending.steps.length);
      await runner.perform(step);
      crashPoint("migrate.performed");
      await keep({ ...pending, done: index + 1 });
    }
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    return await failed({ ...state, pending }, error.message, runner);
  }
  const arrived = arrive({ ...state, pending }, runner.nowMs());
  await runner.save(arrived);
  return pending.undoes === undefined
    ? { kind: "arrived", state: arrived }
    : { kind: "undone", state: arrived, why: pending.undoes };
}

async function failed(
  state: MigrationState & { readonly pending: Pending },
  why: string,
  runner: Runner,
): Promise<Outcome> {
  const { pending } = state;
  if (pending.direction === "back") {
    const stopped = { ...state, pending: { ...pending, stoppedBy: why } };
    await runner.save(stopped);
    return { kind: "stopped", state: stopped, why };
  }
  const undoing = { ...state, pending: undo(pending, why) };
  await runner.save(undoing);
  const outcome = await runPending(undoing, runner);
  return outcome.kind === "stopped"
    ? { ...outcome, why: `${why}; and going back failed too: ${outcome.why}` }
    : outcome;
}

/**
 * The way back from where the way forward wanted to. It does not wait long for what ours took up meanwhile: the old side is
 * off, and what is in the journal is not lost.
 */
function undo(pending: Pending, why: string): Pending {
  return {
    ...pending,
    direction: "back",
    from: pending.to,
    to: pending.from,
    steps: planBack(pending.to, pending, false).map((step) =>
      step.kind === "drain" ? { ...step, hasty: true } : step,
    ),
    done: 0,
    undoes: why,
  };
}

function arrive(state: MigrationState & { readonly pending: Pending }, nowMs: number): MigrationState {
  const { pending, history } = state;
  const at = new Date(nowMs).toISOString();
  const { by, from, to, reason, waived, undoes } = pending;
  const entry = {
    at,
    by,
    what: undoes === undefined ? pending.direction : ("undone" as const),
    from,
    to,
    reason,
    waived,
    notes: [...pending.notes, ...(undoes === undefined ? [] : [undoes])],
  };
  return {
    ...state,
    position: to,
    // Whoever comes back to where it still was has been there all the time.
    since: to === state.position && pending.direction === "back" ? state.since : at,
    divided: pending.divided,
    backup: to === LAST ? pending.backup : state.backup,
    pending: null,
    history: [...history, entry],
  };
}
