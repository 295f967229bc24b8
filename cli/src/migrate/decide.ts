/**
 * Which steps lead from one phase to its neighbour. Pure.
 *
 * The order keeps the promise that no intent is processed twice or never. Forward: the old side is switched off, its
 * last run is waited for, and only then may ours act. Back: ours stop taking up work, finish what they took, stop, and
 * only then is the old side switched on. In between nobody works, and files wait where they are.
 */
import {
  FIRST,
  MIGRATED,
  type Migrated,
  ownedFrom,
  type Position,
  type Role,
  roleAt,
  type Share,
} from "./phases.ts";
import type { Step } from "./steps.ts";

export interface OldSide {
  /** It was configured how the old side stops taking up intents and goes on with the rest. */
  readonly divided: boolean;
  /** Where the clean-up puts its files. */
  readonly backup: string;
}

const SHARES: readonly Share[] = ["intents", "everything"];

/** Where work comes from: they stop before the others finish. */
const SOURCES: ReadonlySet<Migrated> = new Set(["intent-router", "policy-engine"]);

export function planNext(to: Position, { divided, backup }: OldSide): readonly Step[] {
  const from = (to - 1) as Position;
  const changes = changesBetween(from, to, divided);
  const handedOver = sharesAt(to, divided);
  return [
    ...(from === FIRST ? [{ kind: "at-boot", on: true } as const] : []),
    ...handedOver.flatMap((share): readonly Step[] => [
      { kind: "old-off", share },
      { kind: "old-at-rest", share },
    ]),
    ...retireStep(changes.filter(({ after }) => after === "waits")),
    ...rolesStep(changes),
    ...changes.flatMap(startStep),
    ...(to === 5 ? [{ kind: "put-aside", backup } as const] : []),
  ];
}

/** From `from` to the phase before it. `reached`: not only in part. */
export function planBack(from: Position, { divided, backup }: OldSide, reached: boolean): readonly Step[] {
  const to = (from - 1) as Position;
  const changes = changesBetween(from, to, divided).toReversed();
  const handedBack = sharesAt(from, divided).toReversed();
  return [
    ...(from === 5 ? [{ kind: "put-back", backup, complete: reached } as const] : []),
    ...(handedBack.length === 0 ? [] : letGo(changes)),
    ...retireStep(changes.filter(({ after }) => !runs(after))),
    ...rolesStep(changes),
    ...handedBack.flatMap((share): readonly Step[] => [
      { kind: "old-on", share },
      { kind: "old-works", share },
    ]),
    ...changes.flatMap(startStep),
    ...(to === FIRST ? [{ kind: "at-boot", on: false } as const] : []),
  ];
}

interface Change {
  readonly service: Migrated;
  readonly before: Role | undefined;
  readonly after: Role | undefined;
}

/** In the order in which they start. */
function changesBetween(from: Position, to: Position, divided: boolean): readonly Change[] {
  return MIGRATED.map((service) => ({
    service,
    before: roleAt(service, from, divided),
    after: roleAt(service, to, divided),
  })).filter(({ before, after }) => before !== after);
}

/** What changes hands between this phase and the one before it. */
function sharesAt(position: Position, divided: boolean): readonly Share[] {
  return SHARES.filter(
    (share) => (share === "everything" || divided) && ownedFrom(share, divided) === position,
  );
}

/** Nobody of ours acts on what changes hands any more, and all that was taken up is done. */
function letGo(changes: readonly Change[]): readonly Step[] {
  const acting = changes.filter(({ before }) => before === "act").map(({ service }) => service);
  const sources = acting.filter((service) => SOURCES.has(service));
  const others = acting.filter((service) => !SOURCES.has(service));
  return [
    ...sources.map((service): Step => ({ kind: "stop", service })),
    ...(sources.includes("intent-router") ? [{ kind: "hands-empty" } as const] : []),
    { kind: "drain", services: others },
    ...others.map((service): Step => ({ kind: "stop", service })),
  ];
}

function rolesStep(changes: readonly Change[]): readonly Step[] {
  if (changes.length === 0) return [];
  const roles = Object.fromEntries(changes.map(({ service, after }) => [service, after ?? null]));
  return [{ kind: "roles", roles }];
}

function retireStep(changes: readonly Change[]): readonly Step[] {
  return changes.length === 0 ? [] : [{ kind: "retire", services: changes.map(({ service }) => service) }];
}

function startStep({ service, after }: Change): readonly Step[] {
  return after === "act" || after === "observe" ? [{ kind: "start", service, role: after }] : [];
}

function runs(role: Role | undefined): boolean {
  return role === "act" || role === "observe";
}
