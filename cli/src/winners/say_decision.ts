/** Says a decision about a winner on the bus and waits for what the deployer made of it. */
import type { Bus } from "@kloros/bus-client";
import type { StoredSignal } from "@kloros/journal";
import { pause } from "@kloros/daemon";
import { createRoot, type FactsOf, WinnerDecided, WinnerDecision } from "@kloros/signal-schema";
import { Failure } from "../exit_codes.ts";
import { follow } from "../history/follow.ts";
import { newestSeq } from "../history/read_on.ts";

export type Decision = FactsOf<typeof WinnerDecision>;
export type Decided = FactsOf<typeof WinnerDecided>;

export interface Outcome {
  /** Id of the decision. */
  readonly id: string;
  /** Undefined: nothing came of it in time. */
  readonly decided: Decided | undefined;
  /** Why nothing came of it; undefined where something did. */
  readonly waiting: string | undefined;
}

export interface SayOptions {
  readonly nowMs: number;
  /** Undefined: for a while, and shortly when there is no deployer. */
  readonly waitMs: number | undefined;
  readonly abort: AbortSignal;
  /** Why the deployer takes nothing now, as far as it was told to; undefined: it was not. */
  readonly resting: string | undefined;
}

const WAIT_MS = 30_000;
/** A deployer that is being started again gets so long, ms. */
const ABSENT_MS = 3000;
const LOOK_MS = 500;

/** Fails with `negative` when the bus does not take it. */
export async function sayDecision(bus: Bus, decision: Decision, options: SayOptions): Promise<Outcome> {
  const envelope = createRoot(WinnerDecision, decision, { source: "operator", nowMs: options.nowMs });
  const afterSeq = await newestSeq(bus);
  const [result] = await bus.publish([envelope]);
  if (result?.status !== "stored" && result?.status !== "duplicate") {
    throw new Failure("negative", `the bus did not take the decision: ${JSON.stringify(result)}`);
  }
  const noWait = options.waitMs === 0 || (options.waitMs === undefined && options.resting !== undefined);
  const decided = noWait ? undefined : await answerWithin(bus, envelope.id, afterSeq, options);
  const waiting = decided === undefined ? await whyWaiting(bus, envelope.id, options.resting) : undefined;
  return { id: envelope.id, decided, waiting };
}

async function answerWithin(
  bus: Bus,
  id: string,
  afterSeq: number,
  { waitMs, abort }: SayOptions,
): Promise<Decided | undefined> {
  const over = new AbortController();
  const stop = AbortSignal.any([abort, over.signal, AbortSignal.timeout(waitMs ?? WAIT_MS)]);
  const watching = endWhenHopeless(bus, id, { over, stop, absentMs: waitMs ?? ABSENT_MS });
  try {
    return await answerTo(bus, id, afterSeq, stop);
  } finally {
    over.abort();
    await watching;
  }
}

interface Watch {
  readonly over: AbortController;
  readonly stop: AbortSignal;
  readonly absentMs: number;
}

/** Nothing can come of it any more, or nobody is there for too long. */
async function endWhenHopeless(bus: Bus, id: string, { over, stop, absentMs }: Watch): Promise<void> {
  let seenMs = performance.now();
  while (!stop.aborted) {
    await pause(LOOK_MS, stop);
    if (stop.aborted) return;
    const { delivery, attached } = await standing(bus, id).catch(() => UNKNOWN);
    if (attached) seenMs = performance.now();
    if (delivery?.state === "dead" || performance.now() - seenMs > absentMs) over.abort();
  }
}

interface Standing {
  readonly delivery: StoredSignal["deliveries"][number] | undefined;
  /** Whether a deployer takes decisions now. */
  readonly attached: boolean;
}

/** The bus is away: the wait goes on. */
const UNKNOWN: Standing = { delivery: undefined, attached: true };

async function answerTo(
  bus: Bus,
  id: string,
  afterSeq: number,
  abort: AbortSignal,
): Promise<Decided | undefined> {
  const filter = { signals: [WinnerDecided.name] };
  for await (const followed of follow(bus, { filter, afterSeq, abort, pollMs: 200 })) {
    if (followed.kind !== "stored") continue;
    const facts = followed.item.envelope.facts as Decided;
    if (facts.decision_id === id) return facts;
  }
  return undefined;
}

const DEPLOYER = "winner-deployer";

async function whyWaiting(bus: Bus, id: string, resting: string | undefined): Promise<string> {
  const now = await standing(bus, id);
  if (resting === undefined || now.delivery?.state === "dead") return stateText(now);
  return `${resting}; the decision is kept and carried out afterwards`;
}

async function standing(bus: Bus, id: string): Promise<Standing> {
  const [{ items }, consumers] = await Promise.all([bus.read({ id, limit: 1 }), bus.admin("consumers", {})]);
  return {
    delivery: items[0]?.deliveries.find(({ consumer }) => consumer.startsWith(DEPLOYER)),
    attached: consumers.some(
      ({ name, signals, holderPid }) =>
        name.startsWith(DEPLOYER) && signals.includes(WinnerDecision.name) && holderPid !== null,
    ),
  };
}

function stateText({ delivery, attached }: Standing): string {
  if (delivery?.state === "dead") {
    return `${DEPLOYER} gave it up: ${delivery.error ?? "without a reason"}; kloros dlq list`;
  }
  if (!attached) {
    return `${DEPLOYER} takes nothing now (it does not run: kloros status); the decision is kept and carried out as soon as it does`;
  }
  if (delivery?.state === "waiting") {
    return `it failed and is tried again: ${delivery.error ?? "no reason was given"}`;
  }
  return `${DEPLOYER} is not done with it yet; the decision is kept`;
}
