/** `kloros why` and `why-not` over a real history: why D-REAM started, and why it did not, for any moment. */
import { afterEach, expect, test } from "bun:test";
import { join } from "node:path";
import { type DecisionRecord, openDecisions } from "@kloros/policy-engine";
import { DreamHarness } from "./dream/dream_harness.ts";
import { behave } from "./dream/experiment.ts";

const MAIN = join(import.meta.dir, "../../cli/src/main.ts");
const LIMIT_MS = 240_000;

let dream: DreamHarness | undefined;
afterEach(async () => {
  await dream?.remove();
  dream = undefined;
});

async function kloros(of: DreamHarness, ...args: readonly string[]): Promise<string> {
  const { home, source, runtime } = of.paths;
  const places = ["--home", home, "--source", source, "--runtime", runtime];
  const child = Bun.spawn([process.execPath, MAIN, ...args, ...places], {
    env: { PATH: process.env["PATH"] ?? "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, error, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  expect(code, `kloros ${args.join(" ")}: ${error}`).toBe(0);
  return out;
}

const named = ({ subjects, cooling }: DecisionRecord): readonly string[] => [
  ...subjects,
  ...cooling.map(({ subject }) => subject),
];

/** Waits until it is on disk that this control held back a trigger for a subject. */
async function decided(of: DreamHarness, control: string, subject: RegExp): Promise<void> {
  await of.until(`a decision that ${control} held back ${String(subject)}`, () => {
    const decisions = openDecisions(of.paths);
    const { records } = decisions.emitting("Q_DREAM_TRIGGER", { limit: 1000 });
    decisions.close();
    return records.some((one) => one.control === control && named(one).some((name) => subject.test(name)));
  });
}

test(
  "the history answers why D-REAM started, why it did not while it ran, and why it waits after a failure",
  async () => {
    dream = new DreamHarness({ experiment: { behaviour: "slow", values: [1, 2, 3, 4, 5, 6] } });
    dream.start();
    await dream.ready();
    const beforeAll = new Date().toISOString();
    dream.drop("first");
    await dream.until("the cycle to run", () => dream?.cycleProcesses().length !== 0);
    dream.drop("second");
    await decided(dream, "singleton", /^second@/);
    const inTheMiddle = new Date().toISOString();
    const [trigger] = await dream.heard("Q_DREAM_TRIGGER");
    await dream.settle();

    const started = await kloros(dream, "why", trigger?.id ?? "");
    expect(started).toContain("promotions-start-dream");
    expect(started).toMatch(/unacknowledged_count was 1/);
    expect(started).toMatch(/fired for first@/);
    expect(started).toContain("Q_PROMOTIONS_DETECTED");
    const [deployed] = await dream.said("Q_WINNER_DEPLOYED");
    const whyDeployed = await kloros(dream, "why", deployed?.id ?? "");
    for (const name of ["Q_WINNER_DEPLOYED", "Q_DREAM_COMPLETE", "Q_DREAM_TRIGGER"]) {
      expect(whyDeployed).toContain(name);
    }
    expect(await kloros(dream, "why-not", "Q_DREAM_TRIGGER", "--at", inTheMiddle)).toMatch(
      /singleton held it back.*(\n.*)*second@/,
    );

    behave(dream.paths, "exits");
    dream.drop("third");
    await dream.heard("Q_DREAM_COMPLETE", 3);
    await dream.settle({ waitingMayStay: true });
    // It is told of again, and has to cool down.
    await decided(dream, "cooldown", /^third@/);
    const waits = await kloros(dream, "why-not", "Q_DREAM_TRIGGER");
    expect(waits).toMatch(/cooldown held it back/);
    expect(waits).toMatch(/Cooling down: third@[0-9a-f]{12} until 20\d\d-/);

    await dream.stop();
    const early = await kloros(dream, "why-not", "Q_DREAM_TRIGGER", "--at", beforeAll);
    expect(early).toMatch(/[Nn]othing was evaluated|no signal came/);
  },
  LIMIT_MS,
);
