/** The newest signals of a name before a moment. */
import type { StoredSignal } from "@kloros/journal";
import type { Reading } from "../history/read_on.ts";
import { describeFacts } from "../view/describe_facts.ts";

export interface Said {
  readonly seq: number;
  readonly id: string;
  readonly storedAt: number;
  readonly says: string;
}

/** What is asked about is mostly near; what is not may be a month of signals that come every minute away. */
const FIRST_PAGE = 50;
const PAGE = 1000;
const PAGES_MAX = 50;

export async function lastSaid(bus: Reading, signal: string, atMs: number): Promise<Said | null> {
  const [item] = await newestBefore(bus, signal, { atMs, count: 1 });
  return item === undefined ? null : saidOf(item);
}

function saidOf({ seq, storedAt, envelope }: StoredSignal): Said {
  return { seq, id: envelope.id, storedAt, says: describeFacts(envelope) };
}

/** Newest first. */
export async function newestBefore(
  bus: Reading,
  signal: string,
  { atMs, count }: { readonly atMs: number; readonly count: number },
): Promise<readonly StoredSignal[]> {
  const found: StoredSignal[] = [];
  let beforeSeq = Number.MAX_SAFE_INTEGER;
  for (let pages = 0; pages < PAGES_MAX && found.length < count; pages++) {
    const limit = pages === 0 ? FIRST_PAGE : PAGE;
    const page = await bus.read({ signals: [signal], order: "newest", beforeSeq, limit });
    found.push(...page.items.filter(({ storedAt }) => storedAt <= atMs));
    if (page.next === null || page.items.length === 0) break;
    beforeSeq = page.next;
  }
  return found.slice(0, count);
}
