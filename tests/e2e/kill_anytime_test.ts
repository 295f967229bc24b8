/**
 * kill -9 of the bus or of any service, at any moment while modules and intents keep coming: in the end everything is there
 * once.
 */
import { afterEach, expect, test } from "bun:test";
import { writeIntent } from "@kloros/intent-router/testing";
import { checkFlow } from "./flow/check_flow.ts";
import type { DaemonProcess } from "./house/daemon_process.ts";
import { FlowHarness, SERVICES } from "./flow/flow_harness.ts";
import { readLeftBehind } from "./flow/left_behind.ts";
import { killRound, seedsOfThisRun, toWork } from "./house/kill_rounds.ts";
import type { Seed } from "./house/seed.ts";

const KILLS = 24;
const MODULES_FIRST = 40;
/** How long a service is waited for to have something to do. */
const AT_WORK_MS = 500;
/** A round takes 8 s or so; several times that on a busy machine. */
const ROUND_LIMIT_MS = 240_000;
const STANDARD_SEED = 20_260_101;

let flow: FlowHarness | undefined;
afterEach(async () => {
  await flow?.remove();
  flow = undefined;
});

for (const seed of seedsOfThisRun(STANDARD_SEED, 2)) {
  test(
    `kill -9 at random moments loses nothing and doubles nothing (KLOROS_SEED=${String(seed)})`,
    () => killRound(seed, (chance, events) => runRound(chance, events, seed)),
    ROUND_LIMIT_MS,
  );
}

async function runRound(chance: Seed, events: string[], seed: number): Promise<void> {
  flow = new FlowHarness({ modules: MODULES_FIRST, seed });
  flow.start();
  await disturb(flow, chance, events);
  flow.start();
  const poison = await flow.settle({ retryPoison: true });
  events.push(...poison.map(({ consumer, id }) => `poison for ${consumer}: ${id}, brought back`));
  await flow.stop();
  expect(checkFlow(readLeftBehind(flow.paths), flow)).toEqual([]);
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
    if (atWork) await toWork(daemon, AT_WORK_MS);
    await Bun.sleep(delayMs);
    if (!daemon.running) continue;
    await daemon.kill();
    events.push(`${name} for ${String(awayMs)} ms`);
    returning.push(comeBack(daemon, awayMs));
  }
  await Promise.all(returning);
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
