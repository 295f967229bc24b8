/** Dead letters, a page at a time: each may carry a signal of 256 KiB. */
import type { Bus } from "@kloros/bus-client";
import type { DeadLetter } from "@kloros/journal";

export interface DeadLetterRequest {
  readonly consumer: string | undefined;
  readonly includeRetried: boolean;
  /** So many of the newest. */
  readonly count: number;
}

type Admin = Pick<Bus, "admin">;

const PAGE = 50;

/** Oldest first; `total`: how many there are. */
export async function newestDeadLetters(
  bus: Admin,
  { consumer, includeRetried, count }: DeadLetterRequest,
): Promise<{ readonly letters: readonly DeadLetter[]; readonly total: number }> {
  const filter = { includeRetried, ...(consumer === undefined ? {} : { consumer }), limit: PAGE };
  let letters: DeadLetter[] = [];
  let total = 0;
  for (let after = 0; ;) {
    const page = await bus.admin("deadLetters", { ...filter, after });
    total += page.length;
    letters = [...letters, ...page].slice(-count);
    if (page.length < PAGE) return { letters, total };
    after = page.at(-1)?.n ?? after;
  }
}

export async function oneDeadLetter(bus: Admin, n: number): Promise<DeadLetter | undefined> {
  const [letter] = await bus.admin("deadLetters", { after: n - 1, limit: 1, includeRetried: true });
  return letter?.n === n ? letter : undefined;
}
