/** Dead letters, a page at a time: each may carry a signal of 256 KiB, so whoever only counts or sorts them asks for brief ones. */
import type { Bus } from "@kloros/bus-client";
import type { AdminOps, DeadLetter } from "@kloros/journal";

type Request = Omit<AdminOps["deadLetters"]["request"], "limit" | "brief">;
type Admin = Pick<Bus, "admin">;

const PAGE = 500;

/** All of them without their signals, oldest first. */
export async function* briefDeadLetters(bus: Admin, request: Request): AsyncGenerator<DeadLetter> {
  yield* pages(bus, { ...request, limit: PAGE, brief: true });
}

/** So many of the newest, oldest first; `total`: how many there are. `whole`: with their signals. */
export async function newestDeadLetters(
  bus: Admin,
  { count, whole, ...request }: Request & { readonly count: number; readonly whole: boolean },
): Promise<{ readonly letters: readonly DeadLetter[]; readonly total: number }> {
  let letters: DeadLetter[] = [];
  let total = 0;
  for await (const letter of briefDeadLetters(bus, request)) {
    total += 1;
    letters.push(letter);
    if (letters.length >= 2 * count + PAGE) letters = letters.slice(-count);
  }
  letters = letters.slice(-count);
  const [first] = letters;
  if (!whole || first === undefined) return { letters, total };
  const all: DeadLetter[] = [];
  for await (const letter of pages(bus, { ...request, after: first.n - 1, limit: PAGE })) {
    all.push(letter);
    if (all.length === count) break;
  }
  return { letters: all, total };
}

export async function oneDeadLetter(bus: Admin, n: number): Promise<DeadLetter | undefined> {
  const [letter] = await bus.admin("deadLetters", { after: n - 1, limit: 1, includeRetried: true });
  return letter?.n === n ? letter : undefined;
}

async function* pages(bus: Admin, request: AdminOps["deadLetters"]["request"]): AsyncGenerator<DeadLetter> {
  for (let after = request.after ?? 0; ;) {
    const page = await bus.admin("deadLetters", { ...request, after });
    if (page.length === 0) return;
    yield* page;
    after = page.at(-1)?.n ?? after;
  }
}
