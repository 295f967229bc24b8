/**
 * A foreign publisher that nobody kills: `bun witness_process.ts <endpoint> <file> <pause ms> <run>`. Publishes numbered signals, and
 * writes down what was acknowledged, with a sync, before it goes on. SIGTERM lets it finish what is under way.
 *
 * Invariant: a line stands in its file only when the bus said that the signal is on disk.
 */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { connectBus } from "@kloros/bus-client";
import { createRoot, CuriosityInvestigate, type Envelope, RunScanner } from "@kloros/signal-schema";

const [endpoint = "", file = "", pause = "0", run = ""] = process.argv.slice(2);
/** Signals a call. */
const CALL = 4;
/** One in so many is a question, whose effects can be counted. */
const QUESTION_EVERY = 16;
/** Calls under way. */
const CALLS_MAX = 32;
/** A parent that was killed leaves nobody to stop it. */
const LIFE_MS = 1_800_000;

const bus = connectBus({
  endpoint,
  service: "operator",
  timing: { silenceMs: 2000, backoffMaxMs: 200 },
});
const fd = openSync(file, "a");
const end = new AbortController();
process.on("SIGTERM", () => {
  end.abort();
});

function signal(n: number): Envelope {
  const [name, about] = [`witness-${run}-${String(n)}`, { source: "operator", nowMs: Date.now() }];
  if (n % QUESTION_EVERY !== 0) return createRoot(RunScanner, { scanner: name }, about);
  return createRoot(
    CuriosityInvestigate,
    {
      question: `What is ${name}?`,
      question_id: name,
      priority: "normal",
      evidence: [`id:${name}`],
      hypothesis: `TEST_${name}`,
      capability_key: `test.${name}`,
      action_class: "investigate",
    },
    about,
  );
}

/** A bus that is away for too long for one call is asked again, for the same signals. */
async function say(envelopes: readonly Envelope[]): Promise<void> {
  for (;;) {
    try {
      const results = await bus.publish(envelopes);
      const stored = envelopes.filter((_, index) =>
        ["stored", "duplicate"].includes(results[index]?.status ?? ""),
      );
      if (stored.length > 0) writeSync(fd, stored.map(({ id }) => `${id}\n`).join(""));
      fsyncSync(fd);
      if (stored.length === envelopes.length) return;
      throw new Error(`refused: ${JSON.stringify(results)}`);
    } catch (error) {
      if (!(error instanceof Error) || !/Retryable|Busy/.test(error.name)) throw error;
      await Bun.sleep(50);
    }
  }
}

const calls = new Set<Promise<void>>();
const endAt = performance.now() + LIFE_MS;
for (let n = 0; !end.signal.aborted && performance.now() < endAt; n += CALL) {
  const call: Promise<void> = say(Array.from({ length: CALL }, (_, index) => signal(n + index))).finally(() =>
    calls.delete(call),
  );
  calls.add(call);
  if (calls.size >= CALLS_MAX) await Promise.race(calls);
  await Bun.sleep(Number(pause));
}
await Promise.all(calls);
closeSync(fd);
await bus.close();
