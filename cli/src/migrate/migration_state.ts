/**
 * Where the migration stands: one file, replaced as a whole. What is about to be done is written into it before it is
 * done, and each step after it was seen to hold; so whoever reads it after a crash knows where to go on.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { writeFileAtomic } from "@kloros/daemon";
import { Failure } from "../exit_codes.ts";
import { readOwnFile } from "../files/own_file.ts";
import { FIRST, LAST, type Position } from "./phases.ts";
import type { Step } from "./steps.ts";

const VERSION = 1;
const HISTORY_MAX = 500;

export type Direction = "next" | "back";

/** A change of phase that is under way. */
export interface Pending {
  readonly direction: Direction;
  readonly from: Position;
  readonly to: Position;
  readonly divided: boolean;
  readonly backup: string;
  readonly steps: readonly Step[];
  /** How many of them hold. */
  readonly done: number;
  readonly startedAt: string;
  readonly by: string;
  readonly reason: string;
  /** Window, criteria or open work were not waited for. */
  readonly waived: boolean;
  /** What was not met then. */
  readonly notes: readonly string[];
  /** What went wrong on the way forward, where this undoes it. */
  readonly undoes?: string;
  /** Why it stopped, when it did. */
  readonly stoppedBy?: string;
}

export interface HistoryEntry {
  readonly at: string;
  readonly by: string;
  readonly what: Direction | "undone";
  readonly from: Position;
  readonly to: Position;
  readonly reason: string;
  readonly waived: boolean;
  /** What was not met when it was waived, or what went wrong. */
  readonly notes: readonly string[];
}

export interface MigrationState {
  readonly version: typeof VERSION;
  readonly position: Position;
  /** When this phase was reached; null before the first. */
  readonly since: string | null;
  /** Whether the old side was divided when phase 2 was reached: the way back is the way forward reversed. */
  readonly divided: boolean;
  /** Where the clean-up put the old side's files, last; empty before it. */
  readonly backup: string;
  readonly pending: Pending | null;
  /** Oldest first. */
  readonly history: readonly HistoryEntry[];
}

const BEGIN: MigrationState = {
  version: VERSION,
  position: FIRST,
  since: null,
  divided: false,
  backup: "",
  pending: null,
  history: [],
};

/** The state before the first phase where there is no file. Fails when the file is not understood, or may be somebody else's. */
export function readMigration(path: string): MigrationState {
  const text = readOwnFile(path);
  if (text === undefined) return BEGIN;
  const wrong = (why: string): Failure =>
    new Failure(
      "negative",
      `${path} is not the state of a migration (${why}); nothing was changed. Put a copy of it back, or ask the units: systemctl cat 'kloros-*.service'`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrong(String(error));
  }
  if (typeof value !== "object" || value === null) throw wrong("it is no object");
  const { version, position, history } = value as Record<string, unknown>;
  if (version !== VERSION) throw wrong(`version ${String(version)}, this program knows ${VERSION}`);
  if (!isPosition(position)) throw wrong(`position ${String(position)}`);
  if (!Array.isArray(history)) throw wrong("it has no history");
  return value as MigrationState;
}

function isPosition(value: unknown): value is Position {
  return Number.isInteger(value) && (value as number) >= FIRST && (value as number) <= LAST;
}

/** On disk when it resolves. */
export async function writeMigration(path: string, state: MigrationState): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const kept = { ...state, history: state.history.slice(-HISTORY_MAX) };
  await writeFileAtomic(path, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600 });
}
