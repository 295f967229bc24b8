/** Work on the journal's file itself: its errors as this program ends with them. */
import { existsSync } from "node:fs";
import { Failure } from "../exit_codes.ts";
import { leaveToOwner } from "./leave_to_owner.ts";
import { findPlace, type Place } from "../place.ts";
import type { Session } from "../session.ts";

/** Fails with `negative` when there is no journal. */
export async function journalPlace(session: Pick<Session, "flags" | "environment">): Promise<Place> {
  const place = await findPlace(session.flags, session.environment);
  const { journal } = place.paths;
  if (existsSync(journal) || existsSync(journal.replace(/\.db$/, ".hwm"))) return place;
  throw new Failure("negative", `there is no journal ${journal}; name its installation with --home DIR`);
}

/** Work that writes the journal's file: whoever did it, the bus can open it afterwards. */
export async function writingJournal<T>(journal: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await withJournalErrors(work);
  } finally {
    leaveToOwner(journal);
  }
}

/** A damaged journal, a bus that holds it: expected, and no crash of this program. */
export async function withJournalErrors<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.name === "FileLockHeldError")
      throw new Failure("held", `${error.message}; stop the bus first (kloros status shows it)`, {
        cause: error,
      });
    if (error.name.startsWith("Journal") || error.name === "SQLiteError")
      throw new Failure("negative", error.message, { cause: error });
    throw error;
  }
}
