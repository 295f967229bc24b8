/** What the consumer remembers of a module; committed with each acknowledgement. Pure. */
import { readEntry, recordOf, type EvidenceEntry } from "./evidence.ts";

export interface ModuleState {
  readonly entry: EvidenceEntry;
  /** Of the stable evidence of the last investigation; null before the first. */
  readonly evidenceHash: string | null;
  /** When this service last asked again, UTC ms; null: never. */
  readonly askedAtMs: number | null;
  /** Hash of the evidence that it asked with: its answer has the same and is no repetition. Null when answered. */
  readonly askedHash: string | null;
}

/** From the bus, or from what the file says of a module that this consumer has not seen yet; null: a new module. */
export function readState(stored: unknown, fileEntry: unknown): ModuleState | null {
  const state = recordOf(stored);
  const entry = readEntry(state["entry"]);
  if (entry !== null) {
    return {
      entry,
      evidenceHash: typeof state["evidenceHash"] === "string" ? state["evidenceHash"] : null,
      askedAtMs: typeof state["askedAtMs"] === "number" ? state["askedAtMs"] : null,
      askedHash: typeof state["askedHash"] === "string" ? state["askedHash"] : null,
    };
  }
  const found = readEntry(fileEntry);
  return found === null ? null : { entry: found, evidenceHash: null, askedAtMs: null, askedHash: null };
}
