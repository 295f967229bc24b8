/** What a run consists of, from its seed: who publishes what, who consumes, what goes wrong. Data. */
import type { RetentionLimits } from "@kloros/journal";
import {
  CuriosityInvestigate,
  createRoot,
  deriveRootId,
  type Envelope,
  HealthAlert,
  IntentReady,
  PromotionsDetected,
} from "@kloros/signal-schema";
import { BUS } from "../bus/sim_bus.ts";
import { type Fault, makeFaults } from "../faults/fault.ts";
import { type Randomness, randomnessOf } from "../machine/randomness.ts";
import type { FateOdds } from "./fate.ts";
import type { Batch } from "./publishing.ts";
import { DREAMER, LOOPING, ROLES, WORKER } from "./roles.ts";

export interface Scenario {
  readonly seed: number;
  readonly publishers: readonly { readonly source: string; readonly batches: readonly Batch[] }[];
  readonly odds: FateOdds;
  readonly faults: readonly Fault[];
  /** A second instance of the worker waits for the first one to go. */
  readonly secondWorker: boolean;
  /** Consumers detach about so often, ms; 0: never. */
  readonly restEveryMs: number;
  readonly guest: boolean;
  readonly operatorDeeds: number;
  readonly retention: RetentionLimits | undefined;
  /** All rows are looked at after each so many-th transaction: it is most of what a run costs. */
  readonly rowsEvery: number;
  /** See `Network`. */
  readonly replay: number;
  readonly highWaterMark: number | undefined;
}

/** Everything is said at this time: an id stands for one body. */
const SAID_MS = 1_763_856_000_000;
const FAULTS_MS = { from: 3000, to: 25_000 } as const;
const DAY_MS = 86_400_000;

const ROUTER = "intent-router";
const MONITOR = "orchestrator-monitor/timer";
export const SECOND = `${WORKER} (second)`;
export const OPERATOR = "operator";

export function makeScenario(seed: number): Scenario {
  const random = randomnessOf(seed).fork("scenario");
  const withinMs = random.between(FAULTS_MS.from, FAULTS_MS.to);
  const secondWorker = random.chance(0.3);
  const clients = [ROUTER, MONITOR, ...ROLES.map(({ name }) => name), ...(secondWorker ? [SECOND] : [])];
  const retention = random.chance(0.2)
    ? { ageMs: random.between(0, 5000), bytesMax: 1e9, rememberMs: 30 * DAY_MS }
    : undefined;
  return {
    seed,
    publishers: [
      { source: ROUTER, batches: routed(random.fork(ROUTER)) },
      { source: "orchestrator-monitor", batches: advised(random.fork(MONITOR)) },
    ],
    odds: { unanswered: random.chance(0.12), of: random.chance(0.1) ? [WORKER, DREAMER] : [WORKER] },
    faults: makeFaults(random.fork("faults"), {
      count: random.between(1, random.chance(0.2) ? 40 : 14),
      withinMs,
      clients,
      bus: BUS,
      // By the wall clock it is known when an id may be forgotten.
      farMs: retention === undefined ? 400 * DAY_MS : 3 * DAY_MS,
    }),
    secondWorker,
    restEveryMs: random.chance(0.3) ? random.between(1500, 8000) : 0,
    guest: random.chance(0.3),
    operatorDeeds: random.between(0, 8),
    retention,
    rowsEvery: random.chance(0.04) ? 1 : 48,
    replay: random.chance(0.5) ? 0.5 : 0,
    highWaterMark: random.chance(0.1) ? random.between(4, 40) : undefined,
  };
}

/** Questions, some urgent, some that will go in circles, and live announcements. */
function routed(random: Randomness): Batch[] {
  const counted = { n: 0 };
  return Array.from({ length: random.between(4, 18) }, () => {
    const size = random.chance(0.2) ? random.between(3, 12) : random.between(1, 2);
    const envelopes = Array.from({ length: size }, () => question(random, ++counted.n));
    const [first] = envelopes;
    if (random.chance(0.1)) envelopes.push(announcement(counted.n));
    const conflict = random.chance(0.08) && first !== undefined ? otherBody(first) : undefined;
    return { envelopes, pauseMs: pause(random), again: random.chance(0.15), conflict };
  });
}

function question(random: Randomness, n: number): Envelope {
  const loops = random.chance(0.03);
  const facts = {
    question: `What about ${String(n)}?`,
    question_id: loops ? `${LOOPING}${String(n)}` : `q.${String(random.chance(0.15) ? n - 1 : n)}`,
    priority: random.pick(["normal", "normal", "normal", "low", "critical"] as const),
    evidence: [`n:${String(n)}`],
  };
  const id = deriveRootId(SAID_MS, ROUTER, String(n));
  return createRoot(CuriosityInvestigate, facts, { source: ROUTER, nowMs: SAID_MS, id });
}

function announcement(n: number): Envelope {
  const facts = { file: `${String(n)}.json`, intent_type: "discover.module", priority: "normal", age_s: 0 };
  const id = deriveRootId(SAID_MS, "announcement", String(n));
  return createRoot(IntentReady, facts as never, { source: ROUTER, nowMs: SAID_MS, id });
}

const otherBody = (envelope: Envelope): Envelope => ({
  ...envelope,
  facts: { ...(envelope.facts as object), question: "Something else?" },
});

/** Advisories, of which the newest of a key counts. */
function advised(random: Randomness): Batch[] {
  let n = 0;
  return Array.from({ length: random.between(3, 14) }, () => {
    n++;
    const id = deriveRootId(SAID_MS, MONITOR, String(n));
    const options = { source: "orchestrator-monitor", nowMs: SAID_MS, id };
    const key = random.pick(["a", "b", "c"]);
    const envelope = random.chance(0.6)
      ? createRoot(
          PromotionsDetected,
          {
            promotion_count: n,
            unacknowledged_count: n,
            oldest_promotion_age_hours: n,
            promotions_path: `/promotions/${key}`,
          },
          options,
        )
      : createRoot(
          HealthAlert,
          {
            alert_type: key,
            severity: random.pick(["info", "critical"] as const),
            metric_value: n,
            threshold: 1,
            recommended_action: "look",
          },
          options,
        );
    return { envelopes: [envelope], pauseMs: pause(random), again: random.chance(0.1), conflict: undefined };
  });
}

const pause = (random: Randomness): number =>
  random.pick([0, 0, 5, random.between(10, 300), random.between(300, 2500)]);
