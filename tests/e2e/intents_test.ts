/** Intent files, however they come, over the real router and the real bus: each is routed once, the broken ones are kept, once. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { until } from "@kloros/bus-client/testing";
import { CuriosityInvestigate } from "@kloros/signal-schema";
import { BROKEN_INTENTS, writeBrokenIntents, writeIntent } from "@kloros/intent-router/testing";
import { eachOnce } from "./flow/check_flow.ts";
import { FLOW_CONFIG, FlowHarness } from "./flow/flow_harness.ts";
import { type Json, readLeftBehind } from "./flow/left_behind.ts";
import { waitingIntents } from "./flow/resting.ts";

/** More than the kernel's inotify queue holds (16,384), with several events a file. */
const FLOOD = 20_000;
const FLOOD_LIMIT_MS = 90_000;

let flow: FlowHarness;
let intents = "";

beforeEach(() => {
  // Half a file is not taken for a broken one because the test is slow.
  const config = FLOW_CONFIG.replace("quietMs = 300", "quietMs = 5000");
  flow = new FlowHarness({ modules: 0, seed: 1, config });
  intents = flow.paths.intents;
  mkdirSync(intents, { recursive: true });
});
afterEach(() => flow.remove());

const content = (id: string): string =>
  JSON.stringify({ type: "curiosity_investigate", question: `What is ${id}?`, data: { question_id: id } });

async function startRouter(): Promise<void> {
  flow.start(["chemical-bus", "intent-router"]);
  await flow.ready(["chemical-bus", "intent-router"]);
}

async function routed(ids: readonly string[], limitMs = 60_000): Promise<void> {
  const reader = flow.operator;
  await until(
    `${String(ids.length)} intents to be routed`,
    async () =>
      waitingIntents(intents).length === 0 && (await reader.admin("status", {})).signals >= ids.length,
    { limitMs },
  );
}

/** What the journal says at the end. */
async function asked(): Promise<string[]> {
  await flow.stop();
  const { signals, journalFlaws } = readLeftBehind(flow.paths);
  expect(journalFlaws).toEqual([]);
  return signals
    .filter(({ signal }) => signal === CuriosityInvestigate.name)
    .map(({ facts }) => String(facts["question_id"]));
}

test("in place, in halves, renamed, moved in, there before, under a name used before: each is routed once", async () => {
  writeFileSync(join(intents, "before.json"), content("before"));
  await startRouter();
  await routed(["before"]);
  writeFileSync(join(intents, "in_place.json"), content("in-place"));
  writeFileSync(join(intents, "with_bom.json"), `\uFEFF${content("with-bom")}`);
  writeFileSync(join(intents, "renamed.tmp"), content("renamed"));
  renameSync(join(intents, "renamed.tmp"), join(intents, "renamed.json"));
  const elsewhere = join(flow.paths.home, "elsewhere.json");
  writeFileSync(elsewhere, content("moved-in"));
  utimesSync(elsewhere, 1_700_000_000, 1_700_000_000);
  renameSync(elsewhere, join(intents, "moved_in.json"));
  const half = content("in-halves");
  writeFileSync(join(intents, "halves.json"), half.slice(0, 30));
  // Long enough to be seen unfinished, far shorter than what counts as quiet.
  await Bun.sleep(120);
  appendFileSync(join(intents, "halves.json"), half.slice(30));
  const sofar = ["before", "in-place", "with-bom", "renamed", "moved-in", "in-halves"];
  await routed(sofar);
  writeFileSync(join(intents, "before.json"), content("same-name"));
  await routed([...sofar, "same-name"]);
  // The very same content again is another intent: its time is another.
  writeFileSync(join(intents, "before.json"), content("same-name"));
  await routed([...sofar, "same-name", "same-name"]);
  expect((await asked()).toSorted()).toEqual([...sofar, "same-name", "same-name"].toSorted());
}, 240_000);

test("20,000 that come while the kernel's queue overflows are routed once each", async () => {
  await startRouter();
  const router = flow.daemon("intent-router");
  router.send("SIGSTOP");
  const ids = Array.from({ length: FLOOD }, (_, index) => `flood-${String(index)}`);
  for (const id of ids) writeIntent(intents, id);
  router.send("SIGCONT");
  await routed(ids, FLOOD_LIMIT_MS);
  expect(eachOnce("intent", ids, await asked())).toEqual([]);
}, 150_000);

test("a router that is killed again and again in a backlog routes each once", async () => {
  const ids = Array.from({ length: 3000 }, (_, index) => `backlog-${String(index)}`);
  for (const id of ids) writeIntent(intents, id);
  flow.start(["chemical-bus", "intent-router"]);
  for (let kill = 0; kill < 6; kill++) {
    await Bun.sleep(150 + 40 * kill);
    await flow.daemon("intent-router").kill();
    flow.daemon("intent-router").start();
  }
  await routed(ids, FLOOD_LIMIT_MS);
  expect(eachOnce("intent", ids, await asked())).toEqual([]);
}, 120_000);

test("broken ones are dead-lettered with their content and kept, once, also across a kill", async () => {
  const names = Object.keys(BROKEN_INTENTS);
  writeBrokenIntents(intents);
  flow.start(["chemical-bus", "intent-router"]);
  const kept = (): boolean => names.every((name) => existsSync(join(flow.paths.intentsRejected, name)));
  await Bun.sleep(400);
  await flow.daemon("intent-router").kill();
  flow.daemon("intent-router").start();
  await until("the broken files to be kept", kept, { limitMs: 20_000 });
  await flow.daemon("intent-router").kill();
  flow.daemon("intent-router").start();
  await flow.ready(["intent-router"]);
  writeFileSync(join(intents, "good.json"), content("good"));
  await routed(["good"]);
  expect(await asked()).toEqual(["good"]);
  const { failedSignals, deadLetters } = readLeftBehind(flow.paths);
  const fileOf = (line: Json): string => basename(String(line["intent_file"]));
  const files = failedSignals.lines.map(fileOf);
  expect(eachOnce("rejected file", names, files)).toEqual([]);
  expect(deadLetters).toHaveLength(names.length);
  for (const [name, original] of Object.entries(BROKEN_INTENTS)) {
    expect(readFileSync(join(flow.paths.intentsRejected, name))).toEqual(Buffer.from(original as string));
    const line = failedSignals.lines.find((one) => fileOf(one) === name);
    expect(line?.["daemon"]).toBe("intent_router");
    if (typeof original === "string") expect(line?.["content"]).toBe(original);
  }
}, 240_000);
