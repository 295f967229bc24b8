/**
 * The migration from the old timer as data: which phases there are, how long each is watched, and who does what in it.
 *
 * Invariant: for each share of the work exactly one side owns it in every phase, and none while it is handed over. What
 * stands here is where a phase ends up; the order on the way is that of `decide.ts`.
 */
import type { ServiceName } from "../multicall/service_names.ts";

/** -1: not begun. */
export type Position = -1 | 0 | 1 | 2 | 3 | 4 | 5;

export const FIRST: Position = -1;
export const LAST: Position = 5;

export interface Phase {
  readonly position: Position;
  readonly name: string;
  /** What is so while it lasts. */
  readonly says: string;
  /** How long it is watched before the next one may begin, ms: the original design's windows. */
  readonly windowMs: number;
}

const HOUR_MS = 3_600_000;

const PHASES: Readonly<Record<Position, Phase>> = {
  [-1]: {
    position: -1,
    name: "not begun",
    says: "the old side does everything; nothing of this software runs",
    windowMs: 0,
  },
  0: {
    position: 0,
    name: "bus",
    says: "the chemical bus runs; nobody speaks on it yet",
    windowMs: 0,
  },
  1: {
    position: 1,
    name: "intent router",
    says: "the router reads the intents beside the old side and shows what it would do",
    windowMs: 24 * HOUR_MS,
  },
  2: {
    position: 2,
    name: "autonomous services",
    says: "integrator and deployer follow",
    windowMs: 48 * HOUR_MS,
  },
  3: {
    position: 3,
    name: "advisory monitoring",
    says: "the monitor reports conditions",
    windowMs: 24 * HOUR_MS,
  },
  4: {
    position: 4,
    name: "policy engine",
    says: "the old timer is off; this software does everything",
    windowMs: 48 * HOUR_MS,
  },
  5: {
    position: 5,
    name: "clean-up",
    says: "the old side's units and files lie in a backup; the migration is done",
    windowMs: 0,
  },
};

export function phaseAt(position: Position): Phase {
  return PHASES[position];
}

/** curiosity-core is not among them: the old system has its own, which writes intent files. */
export const MIGRATED = [
  "chemical-bus",
  "winner-deployer",
  "dream-consumer",
  "capability-integrator",
  "semantic-dedup",
  "investigation-consumer",
  "policy-engine",
  "orchestrator-monitor",
  "intent-router",
] as const satisfies readonly ServiceName[];

/** In the order in which they start: who listens before who speaks. They stop in the reverse order. */
export type Migrated = (typeof MIGRATED)[number];

/** What a service may do. `waits`: it is not its turn, and systemd does not start it. */
export type Role = "act" | "observe" | "waits";

/**
 * What can be switched off on the old side: `intents` alone (taking up intents and integrating modules), where it was
 * configured how; `everything`: the timer.
 */
export type Share = "intents" | "everything";

/** From which phase on the old side does not do it any more. An old side that cannot be divided keeps all until 4. */
export function ownedFrom(share: Share, divided: boolean): Position {
  return share === "intents" && divided ? 2 : 4;
}

const OBSERVES_FROM: Readonly<Record<Migrated, Position>> = {
  "chemical-bus": 0,
  "intent-router": 1,
  "investigation-consumer": 1,
  "semantic-dedup": 1,
  "capability-integrator": 2,
  "winner-deployer": 2,
  "orchestrator-monitor": 3,
  "policy-engine": 4,
  "dream-consumer": 4,
};

/** What the old side does too. The deployer goes with D-REAM: it deploys what a cycle of this software found. */
const DUPLICATES: Readonly<Partial<Record<Migrated, Share>>> = {
  "intent-router": "intents",
  "investigation-consumer": "intents",
  "semantic-dedup": "intents",
  "capability-integrator": "intents",
  "winner-deployer": "everything",
  "policy-engine": "everything",
  "dream-consumer": "everything",
};

/** Undefined before the migration: nothing is said about the service. */
export function roleAt(service: Migrated, position: Position, divided: boolean): Role | undefined {
  if (position === FIRST) return undefined;
  if (position < OBSERVES_FROM[service]) return "waits";
  const share = DUPLICATES[service];
  return share === undefined || position >= ownedFrom(share, divided) ? "act" : "observe";
}
