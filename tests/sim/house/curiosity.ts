/** curiosity-core: which modules are worth a question, and what was asked already, are the service's own. */
import { Asked, chooseQuestions, type Finding, questionSignalId } from "@kloros/curiosity-core/testing";
import { CuriosityInvestigate, createRoot } from "@kloros/signal-schema";
import { sleep } from "../load/working.ts";
import type { Program, SimulatedProcess } from "../machine/process.ts";
import { readJson, untilDone } from "./consuming.ts";
import { type ModuleOnDisk, SOURCE } from "./house_scenario.ts";
import { readRegistry } from "./registry.ts";

const SCAN_MS = 30_000;
const QUESTIONS_MAX = 5;
const NAME = "curiosity-core";

export function curiosity(): Program {
  return async (process) => {
    const bus = process.connect(NAME);
    process.onTerminate(() => bus.close());
    const asked = new Asked();
    await untilDone(process, () => asked.load(bus, new AbortController().signal));
    for (;;) {
      const findings = await findModules(process);
      const known = new Set(Object.keys(await readRegistry(process)));
      const nowMs = process.wallMs();
      const isSettled = (): boolean => true;
      const situation = { findings, known, asked: asked.keys, isSettled, nowMs };
      const questions = chooseQuestions(situation).slice(0, QUESTIONS_MAX);
      const said = questions.map(({ facts, key }) =>
        createRoot(CuriosityInvestigate, facts, { source: NAME, nowMs, id: questionSignalId(key) }),
      );
      if (said.length > 0) await untilDone(process, () => bus.publish(said));
      for (const { key } of questions) asked.add(key);
      await sleep(process, SCAN_MS);
    }
  };
}

async function findModules(process: SimulatedProcess): Promise<Finding[]> {
  const names = await process.disk.list(SOURCE);
  const found: Finding[] = [];
  for (const name of names) {
    const path = `${SOURCE}/${name}`;
    const seen = await readJson<ModuleOnDisk | null>(process, path, null);
    if (seen !== null) found.push({ name, path, ...seen });
  }
  return found;
}
