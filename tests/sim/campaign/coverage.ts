/** What a campaign should have seen at least once: every fault, every transition of the journal, every odd way of the network. */
import { FAULT_KINDS } from "../faults/fault.ts";
import type { Harm } from "../network/channel.ts";

const HARMS: readonly Harm[] = ["drop", "double", "swap", "delay"];
const OUTCOMES = ["done", "retry", "dead", "release", "gone"];
const LETTERS = ["attempts", "terminal", "poison", "loop", "reported"];
const DEADLINES = ["answered", "fired", "late", "withdrawn"];
const JOURNAL = [
  "stored",
  "duplicate",
  "conflict",
  "announced",
  "cut",
  "granted",
  "expired",
  "full",
  "purged",
  "deadlines_passed",
];

const EXPECTED: readonly string[] = [
  ...FAULT_KINDS.map((kind) => `fault.${kind}`),
  "bus.crash before commit",
  "bus.crash after commit",
  ...HARMS.map((harm) => `network.${harm}`),
  "network.replay",
  "network.full",
  "disk.torn_append",
  ...JOURNAL.map((name) => `journal.${name}`),
  ...OUTCOMES.map((outcome) => `settled.${outcome}`),
  "transition.publish: superseded",
  "transition.commit: done",
  "transition.dropped",
  "transition.letter retried",
  "transition.letter dropped",
  "transition.consumer removed: dropped",
  ...LETTERS.map((reason) => `transition.dead: ${reason}`),
  ...DEADLINES.map((end) => `transition.deadline: ${end}`),
  "session.adopts leases",
  "session.strike",
  "client.held",
  "client.drain",
  "server.lost",
  "server.denied",
  "server.notServed",
];

/** Of these counts. */
export function neverTaken(counts: Readonly<Record<string, number>>): readonly string[] {
  return EXPECTED.filter((name) => (counts[name] ?? 0) === 0);
}

export function addCounts(to: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, n] of Object.entries(more)) to[name] = (to[name] ?? 0) + n;
}
