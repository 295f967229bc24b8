/**
 * Winners that set the same keys one after another. Each that is remembered with its deployment has a place here, in the
 * order of the deployments: of a key the last one's value stands in the file, and taking that back leads to the one before.
 * Pure; whether values really stand in the file comes in from outside.
 */
import type { KeyEdit } from "./env_edit.ts";
import { findWinner, keysOf, remember } from "./memory.ts";
import type { Memory, Remembered } from "./memory.ts";
import { winnerId } from "./winner_record.ts";

/** Whether the file has these keys as they were written. */
export type Stands = (winner: Remembered, edits: readonly KeyEdit[]) => boolean;

/** `entry` was deployed: who wanted another value for one of its keys is replaced. */
export function deployedNow(memory: Memory, entry: Remembered, maxWinners: number): Memory {
  const earlier = findWinner(memory, entry);
  const all = [...memory.winners, entry];
  const linked = earlier === undefined ? all : withoutOne(all, earlier);
  const newest = linked.at(-1) ?? entry;
  const winners = linked.slice(0, -1).map((one) => replacedBy(one, newest));
  return remember({ ...memory, winners }, newest, maxWinners);
}

function replacedBy(one: Remembered, newest: Remembered): Remembered {
  const keys = keysLostTo(one, newest);
  if (one.state !== "deployed" || keys.length === 0) return one;
  const reason = `replaced by ${winnerId(newest)}, which set ${keys.join(", ")} to another value`;
  return { ...one, state: "replaced", when: newest.when, reason };
}

/** `entry` was taken back: who has all its values in the file again is deployed again. */
export function takenBack(
  memory: Memory,
  entry: Remembered,
  options: { readonly maxWinners: number; readonly stands: Stands },
): Memory {
  const leaving = findWinner(memory, entry);
  const winners = memory.winners.map((one, place) => {
    if (leaving === undefined || one === leaving || one.deployment === null || one.state === "deployed")
      return one;
    const isLost = memory.winners
      .slice(place + 1)
      .some((later) => later !== leaving && keysLostTo(one, later).length > 0);
    const gains = !isLost && sharedKeys(one, leaving).length > 0;
    if (!gains || !options.stands(one, one.deployment.edits)) return one;
    const reason = `its values stand again since ${winnerId(entry)} was taken back`;
    return { ...one, state: "deployed" as const, when: entry.when, reason, keys: keysOf(one.deployment) };
  });
  return remember({ ...memory, winners }, entry, options.maxWinners);
}

/** `entry` takes the place of a winner that is never to come back: taking back what came after it must not restore it. */
export function withdrawn(memory: Memory, entry: Remembered, maxWinners: number): Memory {
  const leaving = findWinner(memory, entry);
  const winners = leaving === undefined ? memory.winners : withoutOne(memory.winners, leaving);
  return remember({ ...memory, winners }, entry, maxWinners);
}

/** Winners are taken back in the reverse order: the last that set one of its keys, if that is another. */
function successorOf(memory: Memory, winner: Remembered): Remembered | undefined {
  const place = memory.winners.indexOf(winner);
  return memory.winners.findLast((one, n) => n > place && sharedKeys(one, winner).length > 0);
}

/** Why a deployment that is remembered cannot be taken back; undefined: nothing was deployed over it. */
export function whyNotLast(memory: Memory, winner: Remembered): string | undefined {
  const successor = successorOf(memory, winner);
  if (successor === undefined) return undefined;
  const id = winnerId(successor);
  const keys = sharedKeys(winner, successor).join(", ");
  return winner.state === "deployed"
    ? `${id} set ${keys} after it: take that back first`
    : `it is not deployed: ${winner.state}, and ${id} set ${keys} after it; take that back first`;
}

/** Why a winner cannot be rejected that was deployed and replaced: some of its values were not overwritten. */
export function whyNotWithdrawn(memory: Memory, winner: Remembered, stands: Stands): string | undefined {
  const later = memory.winners.slice(memory.winners.indexOf(winner) + 1);
  const left = editsOf(winner).filter(
    (edit) => !later.some((one) => editFor(one, edit.key) !== undefined) && stands(winner, [edit]),
  );
  if (left.length === 0) return undefined;
  const successor = successorOf(memory, winner);
  const first = successor === undefined ? "approve it" : `take ${winnerId(successor)} back`;
  return `${left.map(({ key }) => key).join(", ")} still has its value: ${first} first, then take it back`;
}

/** Who set a key right after the one that leaves leads back to what was there before that one. */
function withoutOne(winners: readonly Remembered[], leaving: Remembered): readonly Remembered[] {
  const place = winners.indexOf(leaving);
  const later = winners.slice(place + 1);
  for (const edit of editsOf(leaving)) {
    const next = later.findIndex((one) => editFor(one, edit.key) !== undefined);
    const heir = later[next];
    if (heir !== undefined) later[next] = inheriting(heir, edit, leaving.deployment?.sha256Before === null);
  }
  return [...winners.slice(0, place), ...later];
}

/** As it is when somebody else's value was between the two. */
function inheriting(heir: Remembered, left: KeyEdit, wasFirst: boolean): Remembered {
  const { deployment } = heir;
  if (deployment === null || editFor(heir, left.key)?.oldRaw !== left.newRaw) return heir;
  const { old, oldRaw } = left;
  const edits = deployment.edits.map((edit) => (edit.key === left.key ? { ...edit, old, oldRaw } : edit));
  const sha256Before = wasFirst ? null : deployment.sha256Before;
  const next = { ...deployment, edits, sha256Before };
  const showsEdits = heir.state === "deployed" || heir.state === "replaced";
  return { ...heir, deployment: next, keys: showsEdits ? keysOf(next) : heir.keys };
}

function keysLostTo(winner: Remembered, later: Remembered): readonly string[] {
  return editsOf(winner)
    .filter((edit) => (editFor(later, edit.key)?.new ?? edit.new) !== edit.new)
    .map(({ key }) => key);
}

function sharedKeys(winner: Remembered, other: Remembered): readonly string[] {
  return editsOf(winner)
    .map(({ key }) => key)
    .filter((key) => editFor(other, key) !== undefined);
}

function editsOf({ deployment }: Remembered): readonly KeyEdit[] {
  return deployment?.edits ?? [];
}

function editFor(winner: Remembered, key: string): KeyEdit | undefined {
  return editsOf(winner).find((edit) => edit.key === key);
}
