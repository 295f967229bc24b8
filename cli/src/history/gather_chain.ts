/**
 * All that followed from one first signal, across traces: an advisory or a timeout starts a trace of its own and still
 * names its cause.
 */
import type { StoredSignal } from "@kloros/journal";
import { signals } from "@kloros/signal-schema";
import { PAGE, type Reading } from "./read_on.ts";

export interface Chain {
  /** In the order in which they were stored. */
  readonly items: readonly StoredSignal[];
  /** Id that the first one names as its cause and that is not in the journal (any more). */
  readonly missingCause: string | undefined;
  /** There is more than is taken. */
  readonly cut: boolean;
}

export interface GatherOptions {
  readonly itemsMax: number;
}

/** Causes above a signal: each trace has at most 32 hops. */
const CLIMB_MAX = 1000;

/** Goes up to the first signal that led to `from`, and down from there. */
export async function gatherChain(bus: Reading, from: StoredSignal, options: GatherOptions): Promise<Chain> {
  const { top, missingCause } = await climb(bus, from);
  return { ...(await gatherBelow(bus, top, options)), missingCause };
}

/** The trace of `top`, and the traces that began because of a signal in it. */
export async function gatherBelow(
  bus: Reading,
  top: StoredSignal,
  { itemsMax }: GatherOptions,
): Promise<Omit<Chain, "missingCause">> {
  const members = new Map([[top.envelope.id, top]]);
  const starters = await chainStarters(bus, top.seq);
  const open = [top.envelope.trace];
  const seen = new Set(open);
  let cut = false;
  const join = (item: StoredSignal): void => {
    members.set(item.envelope.id, item);
    for (const id of starters.get(item.envelope.id) ?? []) {
      if (!seen.has(id)) open.push(id);
      seen.add(id);
    }
  };
  join(top);
  for (let trace = open.pop(); trace !== undefined && !cut; trace = open.pop()) {
    for await (const item of readTrace(bus, trace)) {
      cut = members.size >= itemsMax;
      if (cut) break;
      join(item);
    }
  }
  return { items: [...members.values()].toSorted((left, right) => left.seq - right.seq), cut };
}

async function climb(bus: Reading, from: StoredSignal) {
  let top = from;
  for (let steps = 0; steps < CLIMB_MAX; steps++) {
    const { cause } = top.envelope;
    if (cause === undefined) break;
    const [above] = (await bus.read({ id: cause, limit: 1 })).items;
    if (above === undefined) return { top, missingCause: cause };
    top = above;
  }
  return { top, missingCause: undefined };
}

/** Signals that start a trace because of another signal: cause → their ids. */
async function chainStarters(
  bus: Reading,
  afterSeq: number,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = [...signals.values()].filter(({ root }) => root).map(({ name }) => name);
  const starters = new Map<string, string[]>();
  for await (const { envelope } of readAll(bus, { signals: names, afterSeq })) {
    const { cause, id, hops } = envelope;
    if (cause === undefined || hops > 0) continue;
    const known = starters.get(cause);
    if (known === undefined) starters.set(cause, [id]);
    else known.push(id);
  }
  return starters;
}

function readTrace(bus: Reading, trace: string): AsyncGenerator<StoredSignal> {
  return readAll(bus, { trace, afterSeq: 0 });
}

async function* readAll(
  bus: Reading,
  query: { readonly signals?: readonly string[]; readonly trace?: string; readonly afterSeq: number },
): AsyncGenerator<StoredSignal> {
  let { afterSeq } = query;
  for (;;) {
    const page = await bus.read({ ...query, afterSeq, limit: PAGE, order: "oldest" });
    yield* page.items;
    if (page.next === null || page.items.length === 0) return;
    afterSeq = page.next;
  }
}
