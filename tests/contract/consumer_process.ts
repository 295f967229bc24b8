/**
 * An investigation-consumer as a process of its own: `bun consumer_process.ts <endpoint> <options>`. Answers each question; tells
 * on stdout, a JSON line each, what it is given and how it ended. SIGTERM drains it.
 */
import { connectBus, type ConsumeOptions, type LinkTiming } from "@kloros/bus-client";
import { answer } from "@kloros/bus-client/testing";
import { CuriosityInvestigate } from "@kloros/signal-schema";

export interface ConsumerProgramOptions {
  /** How long each takes, ms. Stands still while the process does. */
  readonly workMs?: number;
  /** How long the first one takes instead, ms. */
  readonly firstWorkMs?: number;
  readonly consume?: Partial<ConsumeOptions>;
  readonly timing?: Partial<LinkTiming>;
}

const [endpoint = "", text = "{}"] = process.argv.slice(2);
const options = JSON.parse(text) as ConsumerProgramOptions;
const tell = (event: object): void => {
  process.stdout.write(`${JSON.stringify(event)}\n`);
};

const name = "investigation-consumer";
let workMs = options.firstWorkMs ?? options.workMs;
const bus = connectBus({
  endpoint,
  service: name,
  ...(options.timing === undefined ? {} : { timing: options.timing }),
});
bus.onState((state, why) => {
  tell({ event: "state", state, why });
});
try {
  const consumption = await bus.consume(
    {
      name,
      signals: [CuriosityInvestigate.name],
      start: { from: "earliest" },
      ...options.consume,
      onSettled: ({ delivery, outcome }) => {
        tell({ event: "settled", question: delivery.signal.facts["question_id"], outcome });
      },
    },
    async ({ signal, attempt, abort }) => {
      tell({ event: "given", question: signal.facts["question_id"], attempt });
      const ms = workMs;
      ({ workMs } = options);
      if (ms !== undefined) await work(ms, abort);
      return { emit: [answer(signal)] };
    },
  );
  tell({ event: "ready" });
  process.on("SIGTERM", () => {
    void consumption.drain(500).then(() => bus.close());
  });
} catch (error) {
  tell({ event: "refused", error: String(error), ...(error as object) });
  await bus.close();
}

/** In small steps, so that a stopped process does not find its time passed. */
async function work(ms: number, abort: AbortSignal): Promise<void> {
  for (let spent = 0; spent < ms && !abort.aborted; spent += 5) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
