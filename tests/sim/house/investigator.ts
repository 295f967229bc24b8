/** investigation-consumer: what a question is about and what its record leads to are the service's own; what the parser saw is invented. */
import {
  chooseTarget,
  completionOf,
  genericRecord,
  type ModuleResult,
  moduleRecord,
  type Question,
  type Stamp,
  wordsOf,
} from "@kloros/investigation-consumer/testing";
import { CuriosityInvestigate, InvestigationComplete } from "@kloros/signal-schema";
import { appendOnce } from "../load/append_once.ts";
import { sleep } from "../load/working.ts";
import type { Program, SimulatedProcess } from "../machine/process.ts";
import { child, consuming, type HouseContext } from "./consuming.ts";
import { SOURCE } from "./house_scenario.ts";

export const INVESTIGATIONS = "curiosity_investigations.jsonl";
const NAME = "investigation-consumer";
/** The service's own limit of an investigation, and the kit's behind it. */
const LIMIT_MS = 540_000;
const HANG_MARGIN_MS = 20_000;

export function investigator(context: HouseContext): Program {
  return async (process) => {
    const bus = process.connect(NAME);
    process.onTerminate(() => bus.close());
    const settings = {
      name: NAME,
      signals: [CuriosityInvestigate.name],
      concurrency: 4,
      urgentConcurrency: 1,
      handlerTimeoutMs: LIMIT_MS + HANG_MARGIN_MS,
      attemptsMax: 12,
    };
    await consuming(process, bus, context, settings, async (delivery) => {
      const question = delivery.signal.facts as Question;
      await sleep(process, workMs(process, context), delivery.abort);
      // The same in each attempt.
      const stamp: Stamp = {
        timestamp: delivery.signal.timestamp,
        duration_ms: 1,
        queue_wait_time_ms: 0,
      };
      const record = await answer(process, question, stamp);
      await appendOnce(process, delivery, INVESTIGATIONS, delivery.signal.id);
      return { emit: [child(process, delivery, InvestigationComplete, completionOf(question, record))] };
    });
  };
}

function workMs({ ambient }: SimulatedProcess, { odds }: HouseContext): number {
  const long = ambient.random() * 100 < odds.longWork;
  return long ? ambient.random() * (LIMIT_MS - 1000) : 5 + ambient.random() * 2000;
}

async function answer(process: SimulatedProcess, question: Question, stamp: Stamp) {
  const target = chooseTarget(question);
  const modules = await process.disk.list(SOURCE);
  if (target.kind === "module") return moduleRecord(question, stamp, resultOf(target.name, target.path));
  const words = new Set(wordsOf(question));
  return genericRecord(
    question,
    stamp,
    modules.filter((name) => words.has(name)),
  );
}

const nothing: readonly string[] = [];

function resultOf(name: string, path: string): ModuleResult {
  const structure = { classes: [], functions: [], imports: [], docstrings: [], total_lines: 10 };
  return {
    name,
    path,
    method: "static_analysis",
    findings: {
      structure,
      files: ["__init__.py"],
      problems: [],
      moduleDocstring: null,
      entryPoints: nothing,
      complexity: 1,
      limits: nothing,
    },
    analysis: {
      purpose: `What ${name} is for`,
      problem_solved: null,
      capabilities: [name],
      key_abstractions: nothing,
      integration_points: nothing,
      callable_interface: nothing,
      module_kind: "package",
      confidence: 1,
      model_used: null,
      tokens_used: 0,
      prompt_tokens: 0,
    },
  };
}
