/** What must hold of the deadlines. */
import type { Database } from "bun:sqlite";

/** Filled in with the table. */
export function deadlineFlaws(db: Database): string[] {
  const known = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'deadline'").get();
  return known === null ? [] : [];
}
