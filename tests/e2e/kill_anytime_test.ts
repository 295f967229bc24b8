/**
 * kill -9 of the bus or of any service, at any moment while modules and intents keep coming: in the end everything is there
 * once. `KLOROS_SEED` repeats one round, `KLOROS_ROUNDS` adds random ones, `KLOROS_FULL=1` runs 20.
 *
 * The seed decides what is killed, when, and how long it stays away. When exactly that hits a process is the scheduler's.
 */
import { afterEach, expect, test } from "bun:test";
import { until } from "@kloros/bus-client/testing";
import { writeIntent } from "@kloros/intent-router/testing";
import { checkFlow } from "./flow/check_flow.ts";
import type { DaemonProcess } from "./flow/daemon_process.ts";
import { FlowHarness, SERVICES } from "./flow/flow_harness.ts";
import { readLeftBehind } from "./flow/left_behind.ts";
import { seeded, type Seed } from "./flow/seed.ts";

const KILLS = 24;
const MODULES_FIRST = 40;
/** How long a service is waited for to have something to do. */
const AT_WORK_MS = 500;
/** A round takes 8 s or so; several times that on a busy machine. */
const ROUND_LIMIT_MS = 90_000;
const STANDARD_SEED = 20_260_101;

let flow: FlowHarness | undefined;
afterEach(async () => {
  await flow?.remove();
  flow = undefined;
});

for (const seed of seedsOfThisRun()) {
  test(
    `kill -9 at random moments loses nothing and doubles nothing (KLOROS_SEED=${String(seed)})`,
    () => runRound(seed),
    ROUND_LIMIT_MS,
  );
}

function seedsOfThisRun(): number[] {
  const given = process.env["KLOROS_SEED"];
  if (given !== undefined && given !== "") return [Number(given)];
  const rounds = Number(process.env["KLOROS_ROUNDS"] ?? (process.env["KLOROS_FULL"] === "1" ? 20 : 2));
  return [
    STANDARD_SEED,
    ...Array.from({ length: rounds }, () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0),
  ];
}

async function runRound(seed: number): Promise<void> {
  const chance = seeded(seed);
  const events: string[] = [];
  flow = new FlowHarness({ modules: MODULES_FIRST, seed });
  flow.start();
  try {
    await disturb(flow, chance, events);
    flow.start();
    const poison = await flow.settle({ retryPoison: true });
    events.push(...poison.map(({ consumer, id }) => `poison for ${consumer}: ${id}, brought back`));
    await flow.stop();
  } catch (error) {
    throw new Error(`KLOROS_SEED=${String(seed)}: ${events.join("; ")}: ${String(error)}`, { cause: error });
  }
  const flaws = checkFlow(readLeftBehind(flow.paths), flow);
  expect(flaws, `KLOROS_SEED=${String(seed)}: ${events.join("; ")}`).toEqual([]);
}

async function disturb(flow: FlowHarness, chance: Seed, events: string[]): Promise<void> {
  const returning: Promise<void>[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    addWork(flow, chance, kill);
    // The bus more often than the others: everything depends on it.
    const name = chance.pick([...SERVICES, "chemical-bus"] as const);
    const awayMs = chance.below(4) === 0 ? chance.below(700) : 0;
    const daemon = flow.daemon(name);
    const atWork = chance.below(3) > 0;
    const delayMs = chance.below(atWork ? 12 : 300);
    if (atWork) await toWork(daemon);
    await Bun.sleep(delayMs);
    if (!daemon.running) continue;
    await daemon.kill();
    events.push(`${name} for ${String(awayMs)} ms`);
    returning.push(comeBack(daemon, awayMs));
  }
  await Promise.all(returning);
}

/** Until it says something new, so that the kill that follows meets it at work; not for long. */
async function toWork(daemon: DaemonProcess): Promise<void> {
  const { heard } = daemon;
  await until("a word", () => daemon.heard > heard, { limitMs: AT_WORK_MS }).catch(() => undefined);
}

async function comeBack(daemon: DaemonProcess, awayMs: number): Promise<void> {
  if (awayMs > 0) await Bun.sleep(awayMs);
  daemon.start();
}

/** So that something is always under way. */
function addWork(flow: FlowHarness, chance: Seed, round: number): void {
  const modules = 2 + chance.below(4);
  for (let index = 0; index < modules; index++) {
    flow.tree.add(`late_${String(round)}_${String(index)}`, { bare: chance.below(4) === 0 });
  }
  const id = `intent-${String(round)}`;
  writeIntent(flow.paths.intents, id, { priority: chance.pick([3, 5, 9]) });
  flow.intents.add(id);
}
