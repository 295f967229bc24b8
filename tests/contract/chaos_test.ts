/**
 * Bus and consumer are killed at random moments while signals flow; at the end every question and every answer is there once.
 * `CHAOS_SEED=n` repeats a run, `CHAOS_ROUNDS=n` makes it longer.
 */
import { afterEach, expect, test } from "bun:test";
import type { Bus } from "@kloros/bus-client";
import { question, until } from "@kloros/bus-client/testing";
import { BusHarness } from "./bus_harness.ts";
import { ConsumerHarness } from "./consumer_harness.ts";
import { openOf, readLedger } from "./ledger.ts";

const seed = Number(process.env["CHAOS_SEED"] ?? Date.now() % 1_000_000);
const rounds = Number(process.env["CHAOS_ROUNDS"] ?? 6);
const WORKER = "investigation-consumer";
const QUICK = { silenceMs: 800, pingMs: 100, backoffMaxMs: 200 };

/** Park and Miller's generator: any seed gives the same moments again. */
function randomOf(start: number): () => number {
  let state = (start % 2_147_483_646) + 1;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

const bus = new BusHarness({ silenceMs: 600, returnMs: 400 });
let consumer: ConsumerHarness | undefined;
afterEach(async () => {
  await consumer?.end();
  await bus.close();
});

test(`any moment is a good one to die (seed ${String(seed)})`, async () => {
  const random = randomOf(seed);
  const start = () =>
    new ConsumerHarness(bus.endpoint, {
      timing: QUICK,
      // What many attempts come to is not tried here.
      consume: {
        concurrency: 1 + Math.floor(random() * 8),
        prefetch: Math.floor(random() * 8),
        attemptsMax: 1000,
      },
    });
  await bus.start();
  consumer = start();
  const publisher = bus.connect("curiosity-core", { timing: QUICK });
  const wanted: string[] = [];
  let kills = 0;
  const calls: Promise<readonly { readonly status: string }[]>[] = [];
  for (let round = 0; round < rounds; round++) {
    const end = performance.now() + 50 + random() * 250;
    while (performance.now() < end) {
      const name = `q${String(wanted.length)}`;
      wanted.push(name);
      calls.push(publisher.publish([question(name)]));
      await Bun.sleep(random() * 2);
    }
    if (random() < 0.6) {
      await bus.end("kill -9");
      await bus.start();
    }
    if (random() < 0.6) {
      await consumer.end("SIGKILL");
      kills += 1;
      consumer = start();
    }
  }
  const statuses = new Set((await Promise.all(calls)).flat().map((result) => result.status));
  expect(statuses.difference(new Set(["stored", "duplicate"]))).toEqual(new Set());
  const operator = bus.connect("operator", { timing: QUICK });
  await until("all to be worked on", async () => {
    const open = await openOf(publisher, WORKER);
    // Looked for afterwards: what is not open any more may be among them.
    return (await retryPoison(operator, kills)) === 0 && open === 0;
  });
  const { questions, answers } = await readLedger(publisher);
  expect(questions).toEqual(wanted);
  expect(answers.toSorted()).toEqual(wanted.toSorted());
}, 120_000);

/** What was alone in flight at three kills of its consumer is given up, as designed, and brought back. Returns how many. */
async function retryPoison(operator: Bus, kills: number): Promise<number> {
  const letters = await operator.admin("deadLetters", { limit: 500 });
  const poison = letters.filter(({ state, reason }) => state === "dead" && reason === "poison");
  if (poison.length > 0) expect(kills).toBeGreaterThanOrEqual(3);
  for (const { n } of poison) await operator.admin("retryDeadLetter", { n });
  return poison.length;
}
