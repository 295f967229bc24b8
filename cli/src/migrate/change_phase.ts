/** From "next" or "back" to a change that is under way. Pure but for what it is given. */
import { join } from "node:path";
import { Failure } from "../exit_codes.ts";
import { planBack, planNext } from "./decide.ts";
import type { Direction, MigrationState, Pending } from "./migration_state.ts";
import { FIRST, LAST, type Position } from "./phases.ts";

export interface ChangeRequest {
  readonly direction: Direction;
  readonly nowMs: number;
  readonly by: string;
  readonly reason: string;
  readonly waived: boolean;
  readonly divided: boolean;
  /** Of the migration: below it lie the backups. */
  readonly directory: string;
}

export interface Change {
  readonly pending: Pending;
  /** It was begun before: window and criteria were judged then. */
  readonly resumed: boolean;
}

/** What `next` or `back` does from here. Fails when there is nothing. */
export function chooseChange(state: MigrationState, request: ChangeRequest): Change {
  const { pending, position } = state;
  const { direction } = request;
  if (pending !== null && pending.direction === direction)
    return { pending: withoutStop(pending), resumed: true };
  // The other direction than the one that was begun: all of it, from whatever half it is in.
  const upper = Math.max(pending?.from ?? position, pending?.to ?? position) as Position;
  if (direction === "back") return { pending: back(state, upper, request), resumed: false };
  const to = pending === null ? position + 1 : upper;
  if (to > LAST) throw new Failure("negative", "the migration is done: there is no phase after this one");
  return { pending: next(state, to as Position, request), resumed: pending !== null };
}

function withoutStop(pending: Pending): Pending {
  const { stoppedBy: _, ...rest } = pending;
  return rest;
}

function next({ backup: kept }: MigrationState, to: Position, request: ChangeRequest): Pending {
  const backup = to === LAST ? backupPath(request) : kept;
  const oldSide = { divided: request.divided, backup };
  return { ...common(request), ...oldSide, from: (to - 1) as Position, to, steps: planNext(to, oldSide) };
}

function back(state: MigrationState, from: Position, request: ChangeRequest): Pending {
  if (from === FIRST)
    throw new Failure("negative", "the migration has not begun: there is nothing to go back to");
  const backup = state.pending?.backup ?? state.backup;
  const oldSide = { divided: request.divided, backup };
  const steps = planBack(from, oldSide, from === state.position);
  return { ...common(request), ...oldSide, from, to: (from - 1) as Position, steps };
}

function common({ direction, nowMs, by, reason, waived }: ChangeRequest) {
  return { direction, done: 0, startedAt: new Date(nowMs).toISOString(), by, reason, waived, notes: [] };
}

/** One for each clean-up, named by its moment. */
function backupPath({ directory, nowMs }: ChangeRequest): string {
  return join(directory, `backup-${new Date(nowMs).toISOString().replaceAll(":", "-").slice(0, 19)}`);
}
