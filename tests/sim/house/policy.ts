/** policy-engine: the built-in rules, the decision and what is remembered are the service's own. */
import { builtInRules, decide, manifest, markTime, readState, timeOf } from "@kloros/policy-engine/testing";
import type { Program } from "../machine/process.ts";
import { consuming, type HouseContext } from "./consuming.ts";

const NAME = "policy-engine";

export function policy(
  context: HouseContext,
  boot: () => { readonly id: string; readonly uptimeMs: number },
): Program {
  const ruleSet = builtInRules();
  return async (process) => {
    const bus = process.connect(NAME);
    process.onTerminate(() => bus.close());
    const signals = manifest.consumes.map(({ name }) => name);
    const settings = { name: NAME, signals, stateKey: "", attemptsMax: 10 };
    await consuming(process, bus, context, settings, async ({ signal, state: stored }) => {
      const { id: epoch, uptimeMs: epochMs } = boot();
      const time = markTime(timeOf(stored), { wallMs: process.wallMs(), epoch, epochMs });
      const state = readState(stored, time);
      if (state === undefined) {
        context.fail(`what the engine remembers cannot be read: ${JSON.stringify(stored)}`);
        return undefined;
      }
      // In no zone but UTC: the built-in rules know no hours.
      const now = { steadyMs: time.steadyMs, wallMs: time.wallMs, weekday: 0, minute: 0 };
      const decided = decide({ state, signal, ruleSet, now, time, pauses: new Map() });
      for (const { outcome } of decided.records) context.count(`policy.${outcome}`);
      return { emit: decided.emit, ...(decided.state === undefined ? {} : { state: decided.state }) };
    });
  };
}
