/**
 * Signals of some kinds since a moment: those of the journal at the first look, then those that are delivered. So a
 * restart knows what the process before it knew, without a memory of its own.
 */
import type { ServiceContext } from "@kloros/daemon";
import type { Envelope, SignalDefinition } from "@kloros/signal-schema";
import type { BusPass } from "./bus_pass.ts";

export interface RecentSignals {
  /** Oldest first, at most `KEPT_MAX`. Undefined: the journal cannot be asked now. */
  with(arrived: readonly Envelope[]): Promise<readonly Envelope[] | undefined>;
}

/** The journal has no index by name: so far back is looked, signals of any kind. */
const LOOK_BACK = 100_000;
const KEPT_MAX = 500;

type Bus = Pick<ServiceContext["bus"], "read">;

export function recentSignals(bus: Bus, books: BusPass, kinds: readonly SignalDefinition[]): RecentSignals {
  const names = kinds.map(({ name }) => name);
  let known: Map<string, Envelope> | undefined;

  async function history(): Promise<Map<string, Envelope> | undefined> {
    const book = await books();
    if (book === undefined) return undefined;
    const { items } = await bus.read({
      signals: names,
      order: "newest",
      limit: KEPT_MAX,
      afterSeq: Math.max(0, book.status.lastSeq - LOOK_BACK),
    });
    return new Map(items.toReversed().map(({ envelope }) => [envelope.id, envelope]));
  }
  return {
    with: async (arrived) => {
      known ??= await history();
      if (known === undefined) return undefined;
      for (const signal of arrived) known.set(signal.id, signal);
      const late = known.size - KEPT_MAX;
      for (const id of [...known.keys()].slice(0, Math.max(0, late))) known.delete(id);
      return [...known.values()];
    },
  };
}
