import { expect, test } from "bun:test";
import { startForTest, until } from "@kloros/daemon/testing";
import { createRoot, ModuleIntegrated } from "@kloros/signal-schema";
import { appendFileSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { service } from "./mod.ts";
import { cycleOf } from "./promotions/testing/cycles.ts";

const entry = (name: string): string =>
  `${name}:\n  module: ${name}\n  auto_discovered: true\n  discovered_at: '2025-11-08T17:35:14.700422'\n  py_files: 2\n`;

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
    await until("the first announcement", async () => (await announced()).length > 0);
    appendFileSync(registry, entry("voice"));
    await until("the second announcement", async () => (await announced()).length > 1);
    expect(await announced()).toEqual(["audio", "voice"]);
  } finally {
    await running.stop();
  }
});

test("a promotion in a directory that was not there is told of at once, and acknowledged when its cycle was deployed", async () => {
  const running = await startForTest(service);
  try {
    const { promotions } = running.paths;
    const bus = running.testBus.connect("dream-consumer");
    const told = async (): Promise<readonly string[]> => {
      const { items } = await bus.read({ signals: ["Q_PROMOTIONS_DETECTED"], order: "newest" });
      return (items[0]?.envelope.facts["promotion_ids"] ?? []) as string[];
    };
    mkdirSync(promotions, { recursive: true });
    writeFileSync(join(promotions, ".tts.tmp"), '{"schema":"v1","id":"tts"}');
    renameSync(join(promotions, ".tts.tmp"), join(promotions, "tts.json"));
    await until("the advisory", async () => (await told()).length === 1);
    const { trigger, complete, deployed } = cycleOf(await told());
    await running.testBus.connect("policy-engine").publish([trigger]);
    await bus.publish([complete]);
    await running.testBus.connect("winner-deployer").publish([deployed]);
    await until("the acknowledgement", () => readdirSync(promotions).join() === "acknowledged");
    expect(readdirSync(join(promotions, "acknowledged")).toSorted()).toEqual(["tts.json", "tts_ack.json"]);
  } finally {
    await running.stop();
  }
});
