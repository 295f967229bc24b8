import { expect, test } from "bun:test";
import { createRoot, ModuleIntegrated } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import type { Check, Findings, Look } from "./check.ts";
import { createCheckRunner } from "./check_runner.ts";

const signal = (n: number): Envelope => {
  const example = ModuleIntegrated.examples[0];
  if (example === undefined) throw new Error("no example");
  return createRoot(ModuleIntegrated, example, { source: "capability-integrator", nowMs: n });
};

function checkThat(run: (look: Look) => Promise<Findings>): Check {
  return { name: "a_check", intervalMs: 1000, watches: { files: [], signals: [ModuleIntegrated] }, run };
}

test("signals of a burst share one look", async () => {
  const looks: number[] = [];
  const check = checkThat(async ({ signals }) => {
    looks.push(signals.length);
    return { advisories: [] };
  });
  const runner = createCheckRunner(check, { publish: async () => {}, gatherMs: 5 });
  await Promise.all(Array.from({ length: 100 }, (_, n) => runner.lookBecause(signal(n))));
  expect(looks).toEqual([100]);
});

test("never two looks at once", async () => {
  let running = 0;
  let most = 0;
  const check = checkThat(async () => {
    running += 1;
    most = Math.max(most, running);
    await Bun.sleep(1);
    running -= 1;
    return { advisories: [] };
  });
  const runner = createCheckRunner(check, { publish: async () => {}, gatherMs: 0 });
  await Promise.all([runner.look(), runner.lookBecause(signal(1)), runner.look(), runner.look()]);
  expect(most).toBe(1);
});

test("whoever waits for a signal's look learns that it failed, and a later look works", async () => {
  let fails = true;
  const check = checkThat(async ({ signals }) => {
    if (fails && signals.length > 0) throw new Error("no registry");
    return { advisories: [] };
  });
  const runner = createCheckRunner(check, { publish: async () => {}, gatherMs: 5 });
  const waiting = runner.lookBecause(signal(1));
  // A look that time caused comes in between: it must not take the signal away.
  await runner.look();
  expect(waiting).rejects.toThrow("no registry");
  await waiting.catch(() => undefined);
  fails = false;
  await runner.lookBecause(signal(2));
});

test("says that advisories are published only when all of them are", async () => {
  const steps: string[] = [];
  const advisories = Array.from({ length: 600 }, (_, n) => signal(n));
  const check = checkThat(async () => ({ advisories, published: async () => void steps.push("published") }));
  const publish = async (some: readonly Envelope[]): Promise<void> =>
    void steps.push(`publish ${some.length}`);
  await createCheckRunner(check, { publish, gatherMs: 0 }).look();
  expect(steps).toEqual(["publish 256", "publish 256", "publish 88", "published"]);
  const refusing = createCheckRunner(check, {
    publish: () => Promise.reject(new Error("away")),
    gatherMs: 0,
  });
  expect(refusing.look()).rejects.toThrow("away");
  expect(steps).toHaveLength(4);
});
