/** Says a decision about a winner on the bus and waits for what the deployer made of it. */
import type { Bus } from "@kloros/bus-client";
import type { StoredSignal } from "@kloros/journal";
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
  readonly waitMs: number;
  readonly abort: AbortSignal;
}

/** Fails with `negative` when the bus does not take it. */
export async function sayDecision(bus: Bus, decision: Decision, options: SayOptions): Promise<Outcome> {
  const envelope = createRoot(WinnerDecision, decision, { source: "operator", nowMs: options.nowMs });
  const afterSeq = await newestSeq(bus);
  const [result] = await bus.publish([envelope]);
  if (result?.status !== "stored" && result?.status !== "duplicate") {
    throw new Failure("negative", `the bus did not take the decision: ${JSON.stringify(result)}`);
  }
  const abort = AbortSignal.any([options.abort, AbortSignal.timeout(options.waitMs)]);
  const decided = options.waitMs > 0 ? await answerTo(bus, envelope.id, afterSeq, abort) : undefined;
  const waiting = decided === undefined ? await whyWaiting(bus, envelope.id) : undefined;
  return { id: envelope.id, decided, waiting };
}

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

async function whyWaiting(bus: Bus, id: string): Promise<string> {
  const [[item], consumers] = await Promise.all([
    bus.read({ id, limit: 1 }).then(({ items }) => items),
    bus.admin("consumers", {}),
  ]);
  const delivery = item?.deliveries.find(({ consumer }) => consumer.startsWith(DEPLOYER));
  const attached = consumers.some(
    ({ name, signals, holderPid }) =>
      name.startsWith(DEPLOYER) && signals.includes(WinnerDecision.name) && holderPid !== null,
  );
  return stateText(delivery, attached);
}

function stateText(delivery: StoredSignal["deliveries"][number] | undefined, attached: boolean): string {
  if (delivery?.state === "dead") {
    return `${DEPLOYER} gave it up: ${delivery.error ?? "without a reason"}; kloros dlq list`;
  }
  if (!attached) {
    return `${DEPLOYER} takes nothing now (it does not run, is paused, or maintenance mode is on: kloros status); the decision is kept and carried out as soon as it does`;
  }
  if (delivery?.state === "waiting") {
    return `it failed and is tried again: ${delivery.error ?? "no reason was given"}`;
  }
  return `${DEPLOYER} is not done with it yet; the decision is kept`;
}
