import { expect, test } from "bun:test";
import { startForTest } from "@kloros/daemon/testing";
import { createRoot, ModuleIntegrated } from "@kloros/signal-schema";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { service } from "./mod.ts";

const entry = (name: string): string =>
  `${name}:\n  module: ${name}\n  auto_discovered: true\n  discovered_at: '2025-11-08T17:35:14.700422'\n  py_files: 2\n`;

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error("it did not happen within 5 s");
    await Bun.sleep(5);
  }
}

test("the service announces what a changed registry and an integration tell it, each once", async () => {
  const running = await startForTest(service);
  try {
    const { registry } = running.paths;
    const bus = running.testBus.connect("capability-integrator");
    const announced = async (): Promise<string[]> => {
      const { items } = await bus.read({ signals: ["Q_MODULE_DISCOVERED"] });
      return items.map(({ envelope }) => String(envelope.facts["module_name"]));
    };
    mkdirSync(dirname(registry), { recursive: true });
    writeFileSync(registry, entry("audio"));
    const [example] = ModuleIntegrated.examples;
    if (example === undefined) throw new Error("no example");
    await bus.publish([
      createRoot(ModuleIntegrated, example, { source: "capability-integrator", nowMs: Date.now() }),
    ]);
    await until(async () => (await announced()).length > 0);
    appendFileSync(registry, entry("voice"));
    await until(async () => (await announced()).length > 1);
    expect(await announced()).toEqual(["audio", "voice"]);
  } finally {
    await running.stop();
  }
});
