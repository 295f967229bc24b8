/** semantic-dedup: what a completion tells of its module, and whether to ask again, are the service's own. */
import { type Completion, decide, readState } from "@kloros/semantic-dedup/testing";
import { CuriosityInvestigate, EvidenceUpdated, InvestigationComplete } from "@kloros/signal-schema";
import { appendOnce } from "../load/append_once.ts";
import type { Program } from "../machine/process.ts";
import { child, consuming, type HouseContext } from "./consuming.ts";
import { SOURCE } from "./house_scenario.ts";

export const PROCESSED = "semantic_processed_investigations.jsonl";
const NAME = "semantic-dedup";
const RULES = { failuresMax: 5, suppressDays: 7, askAgainHours: 24 };
const DAY_MS = 86_400_000;
const naive = (ms: number): string => new Date(ms).toISOString().slice(0, -1);

export function dedup(context: HouseContext): Program {
  return async (process) => {
    const bus = process.connect(NAME);
    process.onTerminate(() => bus.close());
    const settings = {
      name: NAME,
      signals: [InvestigationComplete.name],
      stateKey: "module_name",
      attemptsMax: 12,
    };
    await consuming(process, bus, context, settings, async (delivery) => {
      const completion = delivery.signal.facts as Completion;
      const { module_name: module } = completion;
      if (module === undefined) return undefined;
      const nowMs = process.wallMs();
      const circumstances = {
        nowMs,
        now: naive(nowMs),
        until: naive(nowMs + RULES.suppressDays * DAY_MS),
        knownModules: new Set(await process.disk.list(SOURCE)),
        suppressionInFile: null,
      };
      const decision = decide(completion, module, readState(delivery.state, null), circumstances, RULES);
      await appendOnce(process, delivery, PROCESSED, delivery.signal.id);
      const updated = child(process, delivery, EvidenceUpdated, decision.updated);
      const { ask, state } = decision;
      const asked = ask === null ? [] : [child(process, delivery, CuriosityInvestigate, ask)];
      return { emit: [updated, ...asked], state };
    });
  };
}
