/**
 * Each service dies at each of its named points between an effect and its commit, comes back, and nothing is lost or doubled.
 * A point that is never reached is a failure: then the table says something that is not so.
 */
import { afterEach, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CRASH_POINTS, type CrashPoint } from "@kloros/daemon";
import { until } from "@kloros/bus-client/testing";
import { writeIntent } from "@kloros/intent-router/testing";
import { DREAM_POINTS } from "./dream/owners.ts";
import { checkFlow } from "./flow/check_flow.ts";
import { FlowHarness, type ServiceName } from "./flow/flow_harness.ts";
import { readLeftBehind } from "./flow/left_behind.ts";

const LEDGER = ["ledger.planned", "ledger.half-written", "ledger.written", "ledger.synced"] as const;
const FILES = ["files.tmp-written", "files.renamed"] as const;

/** Who passes which point. */
const OWNERS: Readonly<Partial<Record<ServiceName, readonly CrashPoint[]>>> = {
  "investigation-consumer": LEDGER,
  "semantic-dedup": [...LEDGER, ...FILES],
  "capability-integrator": [
    ...LEDGER,
    ...FILES,
    "integrator.planned",
    "integrator.init-created",
    "integrator.registry-written",
    "integrator.logged",
    "integrator.recorded",
  ],
  "orchestrator-monitor": [...FILES, "monitor.remembered", "monitor.published"],
  "intent-router": [
    "router.stored",
    "router.claimed",
    "router.reported",
    "router.noted",
    "router.kept",
    "router.returned",
  ],
};

/** Of the operator's program; killed there in tests/systemd. */
const MIGRATION: readonly CrashPoint[] = ["migrate.planned", "migrate.performed"];

const DEATH_LIMIT_MS = 60_000;

let flow: FlowHarness | undefined;
afterEach(async () => {
  await flow?.remove();
  flow = undefined;
});

test("every named point has an owner here, among those of D-REAM, or in the migration", () => {
  const dream = DREAM_POINTS.map(({ point }) => point);
  const owned = new Set([...Object.values(OWNERS).flat(), ...dream, ...MIGRATION]);
  expect(Object.keys(CRASH_POINTS).filter((point) => !owned.has(point as CrashPoint))).toEqual([]);
});

for (const [service, points] of Object.entries(OWNERS)) {
  test(`${service} dies at each of its named points, and nothing is lost or doubled`, async () => {
    flow = new FlowHarness({ modules: 2, seed: 7 });
    flow.start();
    await flow.settle();
    let rejected = 0;
    for (const point of points) {
      rejected += await dieAt(flow, service as ServiceName, point);
      await flow.settle();
    }
    await flow.stop();
    expect(
      checkFlow(readLeftBehind(flow.paths), { tree: flow.tree, intents: flow.intents, rejected }),
    ).toEqual([]);
  }, 120_000);
}

/** Returns how many files were to be rejected for it. */
async function dieAt(flow: FlowHarness, service: ServiceName, point: CrashPoint): Promise<number> {
  const daemon = flow.daemon(service);
  await daemon.end();
  daemon.start({ env: { KLOROS_CRASH_AT: point } });
  const rejected = service === "intent-router" ? await feedRouter(flow, point) : feedModules(flow, point);
  await until(`${service} to die at ${point}`, () => !daemon.running, { limitMs: DEATH_LIMIT_MS });
  await daemon.exited();
  expect(daemon.endedBy, `${service} at ${point}: ${daemon.lastWords()}`).toBe("SIGKILL");
  daemon.start();
  return rejected;
}

/** The second one has no `__init__.py`, the third comes when the service is back. */
function feedModules(flow: FlowHarness, point: CrashPoint): number {
  const name = `at_${point.replaceAll(/\W/g, "_")}`;
  flow.tree.add(name);
  flow.tree.add(`${name}_bare`, { bare: true });
  return 0;
}

async function feedRouter(flow: FlowHarness, point: CrashPoint): Promise<number> {
  const { intents, intentsRejected } = flow.paths;
  if (point === "router.stored" || point === "router.claimed") {
    flow.intents.add(point);
    writeIntent(intents, point);
    return 0;
  }
  const name = `broken_${point.replaceAll(/\W/g, "_")}.json`;
  writeFileSync(join(intents, name), '{"type": "curiosity_investigate", question}');
  if (point !== "router.returned") {
    flow.rejectedFiles.add(name);
    return 1;
  }
  await until("the broken file to be kept", () => list(intentsRejected).includes(name));
  flow.intents.add(point);
  const mended = { type: "curiosity_investigate", question: "What now?", data: { question_id: point } };
  writeFileSync(join(intentsRejected, name), JSON.stringify(mended));
  return 1;
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
