/** What a campaign should have seen at least once: every fault, every transition of the journal, every odd way of the network. */
import { FAULT_KINDS } from "../faults/fault.ts";
import type { Harm } from "../network/channel.ts";
import type { World } from "./options.ts";

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

/** What a campaign of the house should have seen at least once: each way of a file, a question, a cycle, a deployment. */
const EXPECTED_OF_HOUSE: readonly string[] = [
  ...FAULT_KINDS.map((kind) => `fault.${kind}`),
  "router.stored",
  "router.rejected",
  "policy.fired",
  "policy.held",
  "policy.released",
  "dream.succeeded",
  "dream.failed",
  "dream.adopted",
  "dream.coalesced",
  "deployer.deployed",
  "deployer.nothing",
  "said.Q_DEPLOYMENT_COMPLETE",
  "said.Q_EVIDENCE_UPDATED",
  "said.Q_INTEGRATION_FAILED",
  "said.Q_MODULE_DISCOVERED",
  "said.Q_MODULE_INTEGRATED",
  "said.Q_WINNER_DEPLOYED",
  "transition.dead: invalid",
  "transition.deadline: answered",
];

/** Of these counts. */
export function neverTaken(counts: Readonly<Record<string, number>>, world: World): readonly string[] {
  const expected = world === "bus" ? EXPECTED : EXPECTED_OF_HOUSE;
  return expected.filter((name) => (counts[name] ?? 0) === 0);
}

export function addCounts(to: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, n] of Object.entries(more)) to[name] = (to[name] ?? 0) + n;
}
