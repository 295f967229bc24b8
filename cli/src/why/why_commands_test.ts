/** `kloros why`, `why-not`, `policy`: as processes, over a real bus and a real policy engine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import {
  createRoot,
  DreamComplete,
  DreamTrigger,
  type Envelope,
  type FactsOf,
  HealthAlert,
  IntegrationFailed,
  InvestigationComplete,
  PromotionsDetected,
} from "@kloros/signal-schema";
import { childOf, question } from "../testing/sample_signals.ts";
import { TestInstallation } from "../testing/real_bus.ts";

const ENGINE = join(import.meta.dir, "../../../services/policy-engine/src/main.ts");
let place: TestInstallation;
let engine: Bun.Subprocess;

beforeAll(async () => {
  place = new TestInstallation();
  await place.startBus();
  engine = startEngine();
}, 60_000);

function startEngine(): Bun.Subprocess {
  return Bun.spawn([process.execPath, ENGINE, "--home", place.home, "--set", "kloros.logLevel=warn"], {
    env: { PATH: process.env["PATH"] ?? "" },
    stdio: ["ignore", "ignore", "inherit"],
  });
}
afterAll(async () => {
  engine.kill();
  await engine.exited;
  await place.remove();
});

function promotions(count: number, ids: readonly string[]): Envelope {
  const facts: FactsOf<typeof PromotionsDetected> = {
    ...PromotionsDetected.examples[0]!,
    unacknowledged_count: count,
    promotion_ids: [...ids],
  };
  return createRoot(PromotionsDetected, facts, { source: "orchestrator-monitor", nowMs: Date.now() });
}

/** Resolves when what `kloros` prints has it. */
async function says(args: readonly string[], text: string): Promise<string> {
  for (const end = performance.now() + 15_000; ; await Bun.sleep(50)) {
    const { out, err } = await place.kloros(...args);
    if (out.includes(text)) return out;
    if (performance.now() > end) throw new Error(`${args.join(" ")} never said "${text}": ${out}${err}`);
  }
}

async function triggers(): Promise<readonly Envelope[]> {
  const bus = place.connect("operator");
  const { items } = await bus.read({ signals: ["Q_DREAM_TRIGGER"], limit: 10, order: "oldest" });
  await bus.close();
  return items.map(({ envelope }) => envelope);
}

describe("D-REAM", () => {
  test("why-not: nothing advised it yet", async () => {
    const { code, out } = await place.kloros("why-not", "q_dream_trigger");
    expect(code).toBe(0);
    expect(out).toContain("Q_DREAM_TRIGGER up to");
    expect(out).toContain("the journal has none");
  });

  test("why-not: the condition that was false, with the value seen", async () => {
    await place.publish(promotions(0, []));
    const out = await says(["why-not", "Q_DREAM_TRIGGER"], "facts.unacknowledged_count");
    expect(out).toMatch(/facts\.unacknowledged_count > 0/);
  }, 60_000);

  test("why: the rule, its condition with the values seen, and what advised it", async () => {
    await place.publish(promotions(1, ["tts@0123456789ab"]));
    while ((await triggers()).length === 0) await Bun.sleep(20);
    const [trigger] = await triggers();
    const { code, out } = await place.kloros("why", trigger!.id);
    expect(code).toBe(0);
    expect(out).toMatch(/^Q_DREAM_TRIGGER #\d+ by policy-engine/);
    expect(out).toContain("promotions-start-dream");
    expect(out).toContain("facts.unacknowledged_count");
    expect(out).toMatch(/because of Q_PROMOTIONS_DETECTED #\d+ by orchestrator-monitor, [\d.]+ m?s before/);
    expect(out).toContain("orchestrator-monitor says this by what it sees itself: nothing before led to it");
    expect(await place.json("why", trigger!.id)).toMatchObject({
      steps: [{ decision: { outcome: "fired", rule: "promotions-start-dream" } }, { decision: null }],
      missingCause: null,
    });
  }, 60_000);

  test("why-not: the control that holds it back", async () => {
    await place.publish(promotions(2, ["tts@0123456789ab", "other@0123456789ab"]));
    const out = await says(["why-not", "Q_DREAM_TRIGGER"], "singleton");
    expect(out).toMatch(/policy-engine runs/);
    expect(await place.json("why-not", "Q_DREAM_TRIGGER")).toMatchObject({
      last: { says: expect.stringContaining("promotions-start-dream") },
      rules: { records: [{ outcome: "held", control: "singleton" }, { outcome: "fired" }, {}] },
      services: [{ service: "policy-engine", state: "ready" }],
    });
  }, 60_000);

  test("why-not up to a moment before all that knows nothing of it", async () => {
    const report = await place.json("why-not", "Q_DREAM_TRIGGER", "--at", "-1h");
    expect(report).toMatchObject({ last: null, rules: { records: [] }, services: [{ state: null }] });
  });

  test("why-not up to a moment at which the engine was down: what came waited", async () => {
    engine.kill();
    await engine.exited;
    await place.publish(promotions(2, ["tts@0123456789ab", "down@0123456789ab"]));
    const at = ["--at", new Date().toISOString()];
    const down = await place.kloros("why-not", "Q_DREAM_TRIGGER", ...at);
    expect(down.out).toContain("it waits for policy-engine");
    engine = startEngine();
    await says(
      ["why-not", "Q_DREAM_TRIGGER", ...at],
      "at that moment it waited or was in work; since then: policy-engine is done with it",
    );
  }, 60_000);

  test("a paused rule says so, in status, policy show and why-not", async () => {
    expect(await place.kloros("pause", "promotions-start-dream", "--reason", "a look")).toMatchObject({
      code: 0,
    });
    expect((await place.kloros("policy", "show")).out).toMatch(
      /promotions-start-dream +paused by \S+: a look/,
    );
    expect((await place.kloros("status")).out).toMatch(/promotions-start-dream +\d.* paused by \S+: a look/);
    await place.publish(promotions(3, ["new@0123456789ab"]));
    await says(["why-not", "Q_DREAM_TRIGGER"], "a look");
    await place.kloros("resume", "promotions-start-dream");
  }, 60_000);

  test("why-not Q_WINNER_DEPLOYED: the last cycle, and who did not answer it", async () => {
    const [trigger] = await triggers();
    const failed = {
      ...DreamComplete.examples[0]!,
      success: false,
      outcome: "failed",
      error: "all candidates failed",
    };
    const complete = { ...childOf(trigger!, DreamComplete, Date.now()), facts: failed };
    await place.publish(complete);
    const { out } = await place.kloros("why-not", "Q_WINNER_DEPLOYED");
    expect(out).toContain("winner-deployer does not run");
    expect(out).toContain("all candidates failed");
    const why = await place.kloros("why", complete.id);
    expect(why.out).toMatch(/because of Q_DREAM_TRIGGER[^]*because of Q_PROMOTIONS_DETECTED/);
    expect(why.out).toContain("what went wrong: all candidates failed");
  });
});

describe("other signals", () => {
  test("why and why-not of an integration that failed", async () => {
    const root = question("audio", Date.now());
    const complete = childOf(root, InvestigationComplete, Date.now());
    const failed = childOf(complete, IntegrationFailed, Date.now());
    await place.publish(root);
    await place.publish(complete);
    await place.publish(failed);
    const why = await place.kloros("why", failed.id);
    expect(why.out).toMatch(
      /not integrated: directory[^]*Q_INVESTIGATION_COMPLETE[^]*Q_CURIOSITY_INVESTIGATE/,
    );
    const { out } = await place.kloros("why-not", "Q_MODULE_INTEGRATED");
    expect(out).toMatch(/it answered not that but Q_INTEGRATION_FAILED: .*does not exist/);
    expect(out).toContain("capability-integrator does not run");
  });

  test("why of an alert tells its values", async () => {
    const alert = createRoot(HealthAlert, HealthAlert.examples[0]!, {
      source: "orchestrator-monitor",
      nowMs: Date.now(),
    });
    await place.publish(alert);
    expect((await place.kloros("why", alert.id)).out).toContain(
      "memory_high was raised (87.5 %, threshold 85 %)",
    );
  });

  test("a signal that there is not is refused with the nearest", async () => {
    expect(await place.kloros("why-not", "Q_DREAM_TRIGER")).toMatchObject({
      code: 2,
      err: expect.stringContaining("did you mean Q_DREAM_TRIGGER?"),
    });
    expect(await place.kloros("why", "999999")).toMatchObject({ code: 1 });
    expect(await place.kloros("why-not", DreamTrigger.name, "--at", "noon")).toMatchObject({ code: 2 });
  });
});

describe("policy", () => {
  test("show tells the rules in force, when they fired, and which are switched off", async () => {
    const { code, out } = await place.kloros("policy", "show");
    expect(code).toBe(0);
    expect(out).toMatch(/promotions-start-dream[^]*fired +\d+ (ms|s|min) ago, Q_DREAM_TRIGGER/);
    expect(out).toMatch(/open-phase-window +switched off/);
    expect(await place.json("policy", "show")).toMatchObject({
      rules: [{ name: "promotions-start-dream" }, {}],
    });
  });

  test("check: a right file, and every problem of a wrong one by line and column", async () => {
    await Bun.write(join(place.home, "right.yaml"), RIGHT);
    expect(await place.kloros("policy", "check", "right.yaml")).toMatchObject({
      code: 0,
      out: expect.stringContaining("is right: 1 rule"),
    });
    await Bun.write(
      join(place.home, "wrong.yaml"),
      RIGHT.replace("Q_RUN_SCANNER", "Q_RUN_SCANER").replace("when: ", "when: ((("),
    );
    const wrong = await place.kloros("policy", "check", "wrong.yaml");
    expect(wrong).toMatchObject({ code: 1, out: "" });
    expect(wrong.err).toMatch(/^wrong\.yaml:5:\d+: /m);
    expect(wrong.err).toMatch(/^wrong\.yaml:7:\d+: .*Q_RUN_SCANNER/m);
    expect(await place.json("policy", "check", "wrong.yaml")).toMatchObject({ ok: false });
    expect(await place.kloros("policy", "check", "none.yaml")).toMatchObject({ code: 1 });
  });
});

describe("without a bus and an engine", () => {
  test("why-not tells what the log has", async () => {
    engine.kill();
    await engine.exited;
    await place.stopBus();
    const { code, out, err } = await place.kloros("why-not", "Q_DREAM_TRIGGER");
    expect(code).toBe(0);
    expect(out).toContain("promotions-start-dream");
    expect(out).toContain("policy-engine does not run");
    expect(out).toContain("the bus was not there to ask");
    expect(err).toContain("does not answer");
  });
});

const RIGHT = `version: 1
rules:
  - name: run-the-scanner
    description: For tests.
    when: facts.init_created
    on: [Q_MODULE_INTEGRATED]
    emit: { signal: Q_RUN_SCANNER, facts: { scanner: documentation } }
`;
