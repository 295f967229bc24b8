import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CRASH_POINTS } from "@kloros/daemon";
import {
  makeTestHome,
  openTestBus,
  startForTest,
  type TestBus,
  type TestHome,
  until,
} from "@kloros/daemon/testing";
import {
  createRoot,
  CuriosityInvestigate,
  EvidenceUpdated,
  InvestigationComplete,
  validateEnvelope,
  type Envelope,
} from "@kloros/signal-schema";
import type { Completion } from "./decide.ts";
import type { EvidenceFile } from "./evidence.ts";
import { service } from "./service.ts";

let home: TestHome;
let bus: TestBus;
beforeEach(() => {
  home = makeTestHome();
  bus = openTestBus();
  for (const name of ["audio", "bus"]) mkdirSync(join(home.paths.source, name), { recursive: true });
});
afterEach(async () => {
  await bus.close();
  home.remove();
});

const completionOf = (module: string, facts: Partial<Completion> = {}): Completion => ({
  investigation_timestamp: `2026-11-23T02:02:33.7207${module.length}`,
  question_id: `discover.module.${module}`,
  status: "completed",
  duration_ms: 1,
  queue_wait_time_ms: 0,
  module_name: module,
  evidence: [`path:/src/${module}`, "py_files:2"],
  summary: { imports: ["os", "bus.hub"], capabilities: ["play: Plays."], purpose: "Sound." },
  ...facts,
});

const signalOf = (facts: Completion): Envelope =>
  createRoot(InvestigationComplete, facts, { source: "investigation-consumer", nowMs: Date.now() });

const onDisk = (): EvidenceFile =>
  existsSync(home.paths.semanticEvidence)
    ? (JSON.parse(readFileSync(home.paths.semanticEvidence, "utf8")) as EvidenceFile)
    : {};

const processed = (): { readonly module_name: string }[] =>
  existsSync(home.paths.semanticProcessed)
    ? readFileSync(home.paths.semanticProcessed, "utf8")
        .split("\n")
        .filter((line) => line.trim() !== "")
        .map((line) => JSON.parse(line) as { readonly module_name: string })
    : [];

async function stored(from: TestBus, signal: string, count: number): Promise<Envelope[]> {
  const reader = from.connect("operator");
  const end = performance.now() + 10_000;
  for (;;) {
    const { items } = await reader.read({ signals: [signal], limit: 1000 });
    if (items.length >= count) return items.map(({ envelope }) => envelope);
    if (performance.now() > end) throw new Error(`waited in vain: ${items.length} of ${count} ${signal}`);
    await Bun.sleep(5);
  }
}

/** Waits until every delivery of the service is settled. */
async function settled(from: TestBus): Promise<void> {
  const reader = from.connect("operator");
  const end = performance.now() + 10_000;
  for (;;) {
    const consumers = await reader.admin("consumers", {});
    if (consumers.every(({ open }) => open === 0)) return;
    if (performance.now() > end) throw new Error(`waited in vain: ${JSON.stringify(consumers)}`);
    await Bun.sleep(5);
  }
}

async function takeIn(...completions: readonly Completion[]): Promise<void> {
  const running = await startForTest(service, { testBus: bus, testHome: home });
  for (const completion of completions)
    await bus.connect("investigation-consumer").publish([signalOf(completion)]);
  await settled(bus);
  await running.stop();
}

describe("semantic-dedup", () => {
  test("writes evidence, logs the investigation, announces the update", async () => {
    await takeIn(completionOf("audio"));
    expect(onDisk()).toMatchObject({
      audio: {
        integrates_with: ["bus"],
        provides_capabilities: ["play: Plays."],
        used_by: [],
        purpose: "Sound.",
      },
    });
    expect(processed()).toMatchObject([
      { module_name: "audio", investigation_timestamp: completionOf("audio").investigation_timestamp },
    ]);
    const [updated, ...more] = await stored(bus, EvidenceUpdated.name, 1);
    expect(more).toEqual([]);
    expect(validateEnvelope(updated)).toMatchObject({ ok: true });
    expect(updated?.facts).toMatchObject({ module_name: "audio", suppressed: false });
  });

  test("acknowledges a completion about no module without effect", async () => {
    const { module_name: _, ...generic } = completionOf("audio");
    await takeIn(generic);
    expect(onDisk()).toEqual({});
    expect(processed()).toEqual([]);
    expect((await bus.connect("operator").read({ signals: [EvidenceUpdated.name] })).items).toEqual([]);
  });

  test("remembers across restarts: asks again once when the evidence changed", async () => {
    await takeIn(completionOf("audio"));
    await takeIn(completionOf("audio", { evidence: ["path:/src/audio", "py_files:3", "age_days:1"] }));
    await takeIn(completionOf("audio", { evidence: ["path:/src/audio", "py_files:4"] }));
    const asked = await stored(bus, CuriosityInvestigate.name, 1);
    expect(asked).toHaveLength(1);
    expect(validateEnvelope(asked[0])).toMatchObject({ ok: true });
    expect(asked[0]?.facts).toMatchObject({ module_name: "audio", intent_type: "reinvestigate" });
  });

  test("suppresses after five failures and honours what the file says of a module it has not seen", async () => {
    const suppression = {
      suppressed: false,
      failure_count: 3,
      user_can_override: true,
      first_attempt: "2025-01-01T00:00:00",
    };
    writeFileSync(
      home.paths.semanticEvidence,
      JSON.stringify({
        audio: { discovered_at: "2025-01-01T00:00:00", note: "mine", suppression },
        other: { x: 1 },
      }),
    );
    const failed = completionOf("audio", { status: "failed", error: "gone" });
    await takeIn(failed, { ...failed, investigation_timestamp: "2026-11-23T03:00:00.000000" });
    expect(onDisk()).toMatchObject({
      audio: {
        discovered_at: "2025-01-01T00:00:00",
        note: "mine",
        suppression: { suppressed: true, failure_count: 5 },
      },
      other: { x: 1 },
    });
    const updates = await stored(bus, EvidenceUpdated.name, 2);
    expect(updates.map(({ facts }) => facts["suppressed"])).toEqual([false, true]);
  });

  test("leaves the file to the first instance while the bus keeps it out", async () => {
    const running = await startForTest(service, {
      testBus: bus,
      testHome: home,
      config: { viewDelayMs: 60_000 },
    });
    // The view is looked at once at the start: a completion before that is written with it.
    const looks = { task: "evidence view", outcome: "ok" };
    await until("the first look", () => running.metrics.value("task_runs_total", looks) === 1);
    await bus.connect("investigation-consumer").publish([signalOf(completionOf("audio"))]);
    await settled(bus);
    const second = await startForTest(service, {
      testBus: bus,
      testHome: home,
      config: { viewDelayMs: 10 },
    }).catch(String);
    expect(second).toContain("is held by");
    expect(onDisk()).toEqual({});
    await running.stop();
    expect(onDisk()).toMatchObject({ audio: { purpose: "Sound." } });
  }, 60_000);

  test("changes nothing in observe mode", async () => {
    const running = await startForTest(service, { testBus: bus, testHome: home, mode: "observe" });
    await bus.connect("investigation-consumer").publish([signalOf(completionOf("audio"))]);
    await Bun.sleep(100);
    await running.stop();
    expect(onDisk()).toEqual({});
    expect(processed()).toEqual([]);
  });
});

describe("a semantic-dedup that dies at a named point", () => {
  const child = `
    import { openTestBus, startForTest } from "@kloros/daemon/testing";
    import { service } from "./service.ts";
    const [journal, paths] = process.argv.slice(1);
    const config = { viewDelayMs: 20 };
    await startForTest(service, { testBus: openTestBus({ path: journal }), testHome: { paths: JSON.parse(paths) }, config });
    await Bun.sleep(15_000);
  `;
  const points = Object.keys(CRASH_POINTS).filter((name) => /^(ledger|files)\./.test(name));

  test.each(points)("has every module in evidence and log once afterwards: %s", async (point) => {
    const journal = join(home.home, "crash.db");
    const modules = ["audio", "bus", "tts", "vad"];
    const before = openTestBus({ path: journal });
    await before
      .connect("investigation-consumer")
      .publish(modules.map((module) => signalOf(completionOf(module))));
    await before.close();

    const crashing = Bun.spawn([process.execPath, "-e", child, journal, JSON.stringify(home.paths)], {
      cwd: import.meta.dir,
      env: { ...process.env, KLOROS_CRASH_AT: point.startsWith("ledger.") ? `${point}:2` : point },
      stderr: "inherit",
    });
    await crashing.exited;
    expect(crashing.signalCode).toBe("SIGKILL");

    const after = openTestBus({ path: journal });
    try {
      const running = await startForTest(service, { testBus: after, testHome: home });
      await settled(after);
      await running.stop();
      expect(await stored(after, EvidenceUpdated.name, modules.length)).toHaveLength(modules.length);
    } finally {
      await after.close();
    }
    expect(Object.keys(onDisk()).toSorted()).toEqual(modules);
    expect(onDisk()["bus"]).toMatchObject({ used_by: ["audio", "tts", "vad"] });
    expect(
      processed()
        .map(({ module_name }) => module_name)
        .toSorted(),
    ).toEqual(modules);
    expect(readdirSync(join(home.paths.state, "semantic-dedup"))).toEqual([]);
  });
});
