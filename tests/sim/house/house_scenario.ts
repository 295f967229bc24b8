/** What happens to the house in a run, from its seed: files that people and old daemons leave, and what goes wrong. Data. */
import { createRoot, deriveRootId, DreamTrigger } from "@kloros/signal-schema";
import { BUS } from "../bus/sim_bus.ts";
import { type Fault, makeFaults } from "../faults/fault.ts";
import type { Batch } from "../load/publishing.ts";
import { type Randomness, randomnessOf } from "../machine/randomness.ts";

/** Appears on the disk at this time, whole, unless its text says otherwise. */
export interface Arrival {
  readonly atMs: number;
  readonly path: string;
  readonly text: string;
  /** What stands there at first, for half a second: a writer at work. */
  readonly half?: string;
}

export interface HouseOdds {
  /** Of a hundred investigations so many last minutes. */
  readonly longWork: number;
  /** Of a hundred cycles so many fail. */
  readonly failingCycles: number;
  /** How long a cycle lasts, ms. */
  readonly cycleMs: { readonly from: number; readonly to: number };
}

export interface HouseScenario {
  readonly seed: number;
  readonly arrivals: readonly Arrival[];
  /** Cycles that the operator asks for by hand. */
  readonly triggers: readonly Batch[];
  readonly odds: HouseOdds;
  readonly faults: readonly Fault[];
  readonly rowsEvery: number;
}

export const SERVICES = [
  "intent-router",
  "curiosity-core",
  "investigation-consumer",
  "semantic-dedup",
  "capability-integrator",
  "orchestrator-monitor",
  "policy-engine",
  "dream-consumer",
  "winner-deployer",
] as const;

export const OPERATOR = "operator";
export const INTENTS = "intents";
export const REJECTED = "intents_rejected";
/** A directory of Python files stands here as one file that tells what is in it. */
export const SOURCE = "/source";
export const PROMOTIONS = "promotions";

/** When the machine's wall clock began, UTC ms. */
const BEGAN_MS = 1_763_856_000_000;
const HOUR_MS = 3_600_000;

/** A short life with many faults. */
export function makeHouse(seed: number): HouseScenario {
  const random = randomnessOf(seed).fork("house");
  const withinMs = random.between(5000, 40_000);
  return {
    seed,
    arrivals: arrivals(random.fork("arrivals"), withinMs, {
      intents: random.between(2, 14),
      modules: random.between(1, 5),
      promotions: random.between(0, 4),
    }),
    triggers: random.chance(0.3) ? triggers(random.fork("triggers")) : [],
    odds: { longWork: 3, failingCycles: 20, cycleMs: { from: 200, to: 20_000 } },
    faults: houseFaults(random.fork("faults"), withinMs),
    rowsEvery: 64,
  };
}

/** A day as any other: nothing goes wrong, work takes its time. */
export function makeDay(seed: number, hours: number): HouseScenario {
  const random = randomnessOf(seed).fork("day");
  const perDay = { intents: 600, modules: 24, promotions: 24 };
  const counts = {
    intents: Math.ceil((perDay.intents * hours) / 24),
    modules: Math.ceil((perDay.modules * hours) / 24),
    promotions: Math.ceil((perDay.promotions * hours) / 24),
  };
  return {
    seed,
    arrivals: arrivals(random, hours * HOUR_MS, counts),
    triggers: [],
    odds: { longWork: 10, failingCycles: 5, cycleMs: { from: 60_000, to: 27 * 60_000 } },
    faults: [],
    rowsEvery: 500,
  };
}

/** Over a boot only the wall clock tells how long it took: whoever sets it then shortens cooldowns, which is no fault. */
function houseFaults(random: Randomness, withinMs: number): readonly Fault[] {
  const faults = makeFaults(random, {
    count: random.between(1, 20),
    withinMs,
    clients: SERVICES,
    bus: BUS,
    farMs: 24 * HOUR_MS,
  });
  return faults.some(({ kind }) => kind === "reboot")
    ? faults.filter(({ kind }) => kind !== "clock")
    : faults;
}

interface Counts {
  readonly intents: number;
  readonly modules: number;
  readonly promotions: number;
}

function arrivals(random: Randomness, withinMs: number, counts: Counts): readonly Arrival[] {
  const many = (count: number, one: (n: number, atMs: number) => Arrival): Arrival[] =>
    Array.from({ length: count }, (_, n) => one(n, random.between(0, withinMs)));
  return [
    ...many(counts.intents, (n, atMs) => intent(random, n, atMs)),
    ...many(counts.modules, (n, atMs) => module(random, n, atMs)),
    ...many(counts.promotions, (n, atMs) => ({
      atMs,
      path: `${PROMOTIONS}/p${String(n)}.json`,
      text: JSON.stringify({ schema: "v1", id: `p${String(n)}`, fitness: random.between(1, 100) / 100 }),
    })),
  ].toSorted((a, b) => a.atMs - b.atMs);
}

const BROKEN = ["", "null", '{"type":', '{"type":"never_heard_of"}', '[{"question":"?"}]'];

/** Evidence that tells one question from all others. */
export const evidenceOf = (n: number): string => `n:${String(n)}`;

function intent(random: Randomness, n: number, atMs: number): Arrival {
  const path = `${INTENTS}/${String(BEGAN_MS + atMs)}_${String(n)}.json`;
  if (random.chance(0.1)) return { atMs, path, text: random.pick(BROKEN) };
  const name = `m${String(random.below(5))}`;
  const priority = random.between(3, 10);
  const question = `What of ${name}?`;
  const content = random.chance(0.3)
    ? {
        type: "reinvestigate",
        id: `discover.module.${name}`,
        data: { question, priority, evidence: [`path:${SOURCE}/${name}`, evidenceOf(n)] },
      }
    : {
        intent_type: random.pick(["curiosity_investigate", "curiosity_explore"]),
        priority,
        data: { question_id: `q.${String(n)}`, question, evidence: [evidenceOf(n)] },
      };
  const text = JSON.stringify(content);
  const half = random.chance(0.2) ? { half: text.slice(0, random.below(text.length)) } : {};
  return { atMs, path, text, ...half };
}

/** Some beside each other: one cycle answers for those that wait. */
function triggers(random: Randomness): readonly Batch[] {
  return Array.from({ length: random.between(1, 3) }, (_, n) => {
    const facts = { reason: "asked by hand", topic: null, promotion_count: 0 };
    const id = deriveRootId(BEGAN_MS, OPERATOR, String(n));
    const envelope = createRoot(DreamTrigger, facts, { source: OPERATOR, nowMs: BEGAN_MS, id });
    const pauseMs = random.pick([0, 0, random.between(0, 10_000)]);
    return { envelopes: [envelope], pauseMs, again: false, conflict: undefined };
  });
}

/** What curiosity-core would see of it. */
export interface ModuleOnDisk {
  readonly hasInit: boolean;
  readonly pyFiles: number;
  readonly hasReadme: boolean;
  readonly changedMs: number;
}

function module(random: Randomness, n: number, atMs: number): Arrival {
  const seen: ModuleOnDisk = {
    hasInit: random.chance(0.8),
    pyFiles: random.between(1, 8),
    hasReadme: random.chance(0.3),
    changedMs: BEGAN_MS + atMs,
  };
  return { atMs, path: `${SOURCE}/m${String(n)}`, text: JSON.stringify(seen) };
}
