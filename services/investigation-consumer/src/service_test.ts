import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CRASH_POINTS } from "@kloros/daemon";
import { makeTestHome, openTestBus, startForTest, type TestBus, type TestHome } from "@kloros/daemon/testing";
import {
  createRoot,
  CuriosityInvestigate,
  InvestigationComplete,
  validateEnvelope,
  type Envelope,
  type FactsOf,
} from "@kloros/signal-schema";
import type { Question } from "./decide.ts";
import type { InvestigationRecord, ModuleRecord } from "./record.ts";
import { service } from "./service.ts";

type Complete = Envelope<FactsOf<typeof InvestigationComplete>>;

let home: TestHome;
let bus: TestBus | undefined;
beforeEach(() => {
  home = makeTestHome();
  const audio = join(home.paths.source, "audio");
  mkdirSync(audio, { recursive: true });
  writeFileSync(join(audio, "__init__.py"), '"""Sound in and out."""\nimport numpy\n');
  writeFileSync(join(audio, "play.py"), 'class Player:\n    """Plays."""\n    def play(self): pass\n');
});
afterEach(async () => {
  await bus?.close();
  bus = undefined;
  home.remove();
});

const audioQuestion = (n = 0): Question => ({
  question: "What does it do?",
  question_id: `discover.module.audio${n === 0 ? "" : n}`,
  priority: n % 2 === 0 ? "normal" : "high",
  evidence: [`path:${join(home.paths.source, "audio")}`, "py_files:2"],
  hypothesis: "UNDISCOVERED_MODULE_AUDIO",
  capability_key: "undiscovered.audio",
  module_name: "audio",
});

const signalOf = (question: Question): Envelope =>
  createRoot(CuriosityInvestigate, question, { source: "curiosity-core", nowMs: Date.now() });

const lines = (): string[] =>
  existsSync(home.paths.investigationsLog)
    ? readFileSync(home.paths.investigationsLog, "utf8")
        .split("\n")
        .filter((line) => line.trim() !== "")
    : [];
const records = (): InvestigationRecord[] => lines().map((line) => JSON.parse(line) as InvestigationRecord);

/** Waits until so many completions are stored, and a little to see that no more come. */
async function completions(from: TestBus, count: number): Promise<Complete[]> {
  const reader = from.connect("operator");
  const end = performance.now() + 10_000;
  for (;;) {
    const { items } = await reader.read({ signals: [InvestigationComplete.name], limit: 1000 });
    if (items.length >= count) return items.map(({ envelope }) => envelope as Complete);
    if (performance.now() > end) throw new Error(`waited in vain: ${items.length} of ${count} completions`);
    await Bun.sleep(5);
  }
}

/** Runs the service over these questions until all are answered. */
async function answer(
  questions: readonly Question[],
  options: { readonly limitMs?: number } = {},
): Promise<Complete[]> {
  bus = openTestBus();
  const running = await startForTest(service, {
    testBus: bus,
    testHome: home,
    ...(options.limitMs === undefined ? {} : { config: { limitMs: options.limitMs } }),
  });
  await bus.connect("curiosity-core").publish(questions.map(signalOf));
  const found = await completions(bus, questions.length);
  await running.stop();
  return found;
}

describe("the investigation-consumer", () => {
  test("answers a question about a module with a record and a completion of the same timestamp", async () => {
    const [completion] = await answer([audioQuestion()]);
    if (completion === undefined) throw new Error("no completion");
    expect(validateEnvelope(completion)).toMatchObject({ ok: true });
    const [record] = records() as ModuleRecord[];
    expect(lines()).toHaveLength(1);
    expect(record?.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
    expect(completion.facts.investigation_timestamp).toBe(record?.timestamp ?? "");
    expect(record).toMatchObject({
      module_name: "audio",
      status: "completed",
      success: true,
      investigation_method: "static_analysis",
      files_analyzed: ["__init__.py", "play.py"],
      structure: {
        classes: [{ name: "Player", methods: ["play"], docstring: "Plays." }],
        imports: ["numpy"],
      },
      llm_analysis: { purpose: "Sound in and out.", model_used: null },
      integration_points: ["numpy"],
    });
    expect(completion.facts).toMatchObject({
      status: "completed",
      confidence: 1,
      duration_ms: record?.duration_ms ?? -1,
    });
  });

  test("answers many at once, each once, each with a timestamp of its own", async () => {
    const found = await answer(Array.from({ length: 40 }, (_, n) => audioQuestion(n)));
    expect(new Set(found.map(({ facts }) => facts.question_id)).size).toBe(40);
    expect(new Set(records().map(({ timestamp }) => timestamp)).size).toBe(40);
    expect(found.map(({ facts }) => facts.investigation_timestamp).toSorted()).toEqual(
      records()
        .map(({ timestamp }) => timestamp)
        .toSorted(),
    );
  });

  test("answers a missing directory as failed, with the reason in record and completion", async () => {
    const gone = join(home.paths.source, "gone");
    const [completion] = await answer([
      { ...audioQuestion(), evidence: [`path:${gone}`], module_name: "gone" },
    ]);
    expect(completion?.facts).toMatchObject({
      status: "failed",
      outcome: "failed",
      error: `${gone} does not exist`,
    });
    expect(records()[0]).toMatchObject({
      status: "failed",
      failure_reason: `${gone} does not exist`,
      timeout: false,
    });
  });

  test("answers a question about no module, and says that no language model is configured", async () => {
    const [completion] = await answer([
      { question: "Why is audio slow?", question_id: "q7", priority: "low", evidence: [] },
    ]);
    expect(completion?.facts.module_name).toBeUndefined();
    expect(records()[0]).toMatchObject({
      investigation_method: "generic_adaptive",
      evidence: [{ type: "source_module", detail: "audio" }],
      analysis: { language_model: "none is configured" },
    });
  });

  test("reads a path that is relative to the source root", async () => {
    const [completion] = await answer([{ ...audioQuestion(), evidence: [], module_path: "audio/" }]);
    expect(completion?.facts.module_path).toBe(join(home.paths.source, "audio"));
  });

  test("does not let a damaged line in the log hide its record", async () => {
    appendFileSync(home.paths.investigationsLog, '{"timestamp": "half');
    await answer([audioQuestion()]);
    expect(lines()).toHaveLength(2);
    expect((JSON.parse(lines()[1] ?? "") as ModuleRecord).module_name).toBe("audio");
  });

  test("writes nothing in observe mode", async () => {
    bus = openTestBus();
    const running = await startForTest(service, { testBus: bus, testHome: home, mode: "observe" });
    await bus.connect("curiosity-core").publish([signalOf(audioQuestion())]);
    await Bun.sleep(100);
    await running.stop();
    expect(lines()).toEqual([]);
    const { items } = await bus.connect("operator").read({ signals: [InvestigationComplete.name] });
    expect(items).toEqual([]);
  });
});

describe("a consumer that dies at a named point", () => {
  const child = `
    import { openTestBus, startForTest } from "@kloros/daemon/testing";
    import { service } from "./service.ts";
    const [journal, paths] = process.argv.slice(1);
    await startForTest(service, { testBus: openTestBus({ path: journal }), testHome: { paths: JSON.parse(paths) } });
    await Bun.sleep(15_000);
  `;
  const points = Object.keys(CRASH_POINTS).filter((name) => name.startsWith("ledger."));

  test.each(points)("leaves one record and one completion of it: %s", async (point) => {
    const journal = join(home.home, "crash.db");
    const before = openTestBus({ path: journal });
    await before.connect("curiosity-core").publish([signalOf(audioQuestion())]);
    await before.close();

    const crashing = Bun.spawn([process.execPath, "-e", child, journal, JSON.stringify(home.paths)], {
      cwd: import.meta.dir,
      env: { ...process.env, KLOROS_CRASH_AT: point },
      stderr: "inherit",
    });
    await crashing.exited;
    expect(crashing.signalCode).toBe("SIGKILL");
    appendFileSync(home.paths.investigationsLog, '{"timestamp":"somebody else\'s"}\n');

    bus = openTestBus({ path: journal });
    const running = await startForTest(service, { testBus: bus, testHome: home });
    const [completion, ...more] = await completions(bus, 1);
    await running.stop();
    expect(more).toEqual([]);
    const ours = records().filter((record) => "module_name" in record);
    expect(records()).toHaveLength(2);
    expect(ours.map(({ timestamp }) => timestamp)).toEqual([completion?.facts.investigation_timestamp ?? ""]);
  });
});
