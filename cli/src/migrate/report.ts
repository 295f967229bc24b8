/** Everything that `kloros migrate status` shows. */
import { messageOf } from "@kloros/daemon";
import { chooseChange } from "./change_phase.ts";
import { type Criterion, judgePhase } from "./criteria.ts";
import { describeStep, type StepText } from "./describe_step.ts";
import { measurePhase } from "./measure.ts";
import type { HistoryEntry, Pending } from "./migration_state.ts";
import type { Migration } from "./open_migration.ts";
import { oldSideOf } from "./old_side_of.ts";
import { FIRST, LAST, phaseAt, type Position, type Share } from "./phases.ts";
import { objections, windowOf } from "./readiness.ts";

export interface MigrationReport {
  readonly phase: Position;
  readonly name: string;
  readonly says: string;
  /** When it was reached; null: not begun. */
  readonly since: string | null;
  readonly window_ms: number;
  readonly window_left_ms: number;
  readonly window_ends: string | null;
  /** Whether the old side can leave intents alone and go on with the rest. */
  readonly divided: boolean;
  readonly old_side: Readonly<Partial<Record<Share, string>>>;
  readonly criteria: readonly Criterion[];
  /** What stands against `next`. */
  readonly objections: readonly string[];
  readonly pending: Pending | null;
  readonly next: Way | null;
  readonly back: Way | null;
  readonly history: readonly HistoryEntry[];
  readonly backup: string;
}

export interface Way {
  readonly to: Position;
  readonly name: string;
  readonly steps: readonly StepText[];
}

export async function gatherReport(migration: Migration, nowMs: number): Promise<MigrationReport> {
  const { state, divided } = migration;
  const { position, since, pending, history, backup } = state;
  const { name, says, windowMs } = phaseAt(position);
  const window = windowOf(state, nowMs);
  const criteria = await judgeNow(migration, nowMs);
  return {
    phase: position,
    name,
    says,
    since,
    window_ms: windowMs,
    window_left_ms: window.leftMs,
    window_ends: window.endsMs === null ? null : new Date(window.endsMs).toISOString(),
    divided,
    old_side: await askOldSide(migration),
    criteria,
    objections: objections(window, criteria),
    pending,
    next: position === LAST && pending === null ? null : wayOf(migration, "next", nowMs),
    back: position === FIRST && pending === null ? null : wayOf(migration, "back", nowMs),
    history,
    backup,
  };
}

/** None at the end: nothing is watched there. */
export async function judgeNow(migration: Migration, nowMs: number): Promise<readonly Criterion[]> {
  const { state, divided } = migration;
  const { position, since } = state;
  if (position === FIRST) return [oldSideIsThere((await askOldSide(migration)).everything ?? "")];
  if (position === LAST || since === null) return [];
  return judgePhase(position, divided, await measurePhase(migration, Date.parse(since), nowMs));
}

/** A new installation has nobody to take over from: its services would only be stopped. */
function oldSideIsThere(state: string): Criterion {
  const value = state === "off" ? "it is off, so there is nothing to take over" : state;
  return { name: "there is an old side that works", met: state === "on" || state === "running", value };
}

export function wayOf(migration: Migration, direction: "next" | "back", nowMs: number): Way {
  const { state, divided, directory, layout, settings, files } = migration;
  const request = { direction, nowMs, by: "", reason: "", waived: false, divided, directory };
  const { pending } = chooseChange(state, request);
  const options = { mode: layout.mode, settings, files };
  return {
    to: pending.to,
    name: phaseAt(pending.to).name,
    steps: pending.steps.slice(pending.done).map((step) => describeStep(step, options)),
  };
}

async function askOldSide(migration: Migration): Promise<MigrationReport["old_side"]> {
  const old = oldSideOf(migration);
  const shares: readonly Share[] = migration.divided ? ["everything", "intents"] : ["everything"];
  const states = await Promise.all(
    shares.map(async (share) => [share, await old.state(share).catch(messageOf)] as const),
  );
  return Object.fromEntries(states);
}
