/** From a signal up to the first one that led to it. */
import type { StoredSignal } from "@kloros/journal";
import type { Reading } from "../history/read_on.ts";

export interface Ancestry {
  /** The one that was asked for first, each next one is the cause of the one before. */
  readonly items: readonly StoredSignal[];
  /** Id that the last one names as its cause and that is not in the journal (any more). */
  readonly missingCause: string | undefined;
}

/** A trace has at most 32 hops; advisories begin a trace of their own and still name their cause. */
const STEPS_MAX = 200;

export async function causesOf(bus: Reading, asked: StoredSignal): Promise<Ancestry> {
  const items = [asked];
  const seen = new Set([asked.envelope.id]);
  for (let { cause } = asked.envelope; cause !== undefined && items.length < STEPS_MAX;) {
    const [above] = (await bus.read({ id: cause, limit: 1 })).items;
    if (above === undefined) return { items, missingCause: cause };
    // Two foreign signals could name each other.
    if (seen.has(above.envelope.id)) break;
    seen.add(above.envelope.id);
    items.push(above);
    ({ cause } = above.envelope);
  }
  return { items, missingCause: undefined };
}
