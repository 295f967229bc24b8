import { expect, test } from "bun:test";
import { startForTest } from "@kloros/daemon/testing";
import { createRoot, InvestigationComplete } from "@kloros/signal-schema";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { service } from "./mod.ts";

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error("it did not happen within 15 s");
    await Bun.sleep(5);
  }
}

test("the service answers a completion on the bus with an entry and a signal caused by it", async () => {
  const running = await startForTest(service);
  try {
    const { paths } = running;
    const directory = join(paths.source, "audio");
    mkdirSync(directory, { recursive: true });
    mkdirSync(dirname(paths.registry), { recursive: true });
    writeFileSync(join(directory, "core.py"), "x = 1\n");
    const [example] = InvestigationComplete.examples;
    if (example === undefined) throw new Error("no example");
    const facts = { ...example, evidence: [`path:${directory}/`, "py_files:1"] };
    const completion = createRoot(InvestigationComplete, facts, {
      source: "investigation-consumer",
      nowMs: Date.now(),
    });
    const bus = running.testBus.connect("investigation-consumer");
    await bus.publish([completion]);
    const integrated = async () => (await bus.read({ signals: ["Q_MODULE_INTEGRATED"] })).items;
    await until(async () => (await integrated()).length > 0);
    const [signal] = await integrated();
    expect(signal?.envelope).toMatchObject({
      source: "capability-integrator",
      cause: completion.id,
      facts: { module_path: "audio", init_created: true },
    });
    expect(readFileSync(paths.registry, "utf8")).toStartWith("audio:\n  module: audio\n");
  } finally {
    await running.stop();
  }
});
