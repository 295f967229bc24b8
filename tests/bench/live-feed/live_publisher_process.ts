/** `<bus endpoint>`; a line with a number publishes so many signals that are announced and not stored. */
import { connectBus } from "@kloros/bus-client";
import { createRoot, IntentReady } from "@kloros/signal-schema";
import { serveLoads } from "../durable-publish/publish_program.ts";

const [endpoint = ""] = process.argv.slice(2);
const source = "intent-router";
const bus = connectBus({ endpoint, service: source });
process.on("SIGTERM", () => {
  void bus.close().then(() => process.exit(0));
});
await bus.ping();
await serveLoads({ inFlight: 2048, chunk: 64 }, async (from, count) => {
  const signals = Array.from({ length: count }, (_, index) =>
    createRoot(
      IntentReady,
      { file: `${String(from + index)}.json`, intent_type: "discover.module", priority: "normal", age_s: 0 },
      { source, nowMs: Date.now() },
    ),
  );
  const results = await bus.publish(signals);
  if (results.some(({ status }) => status !== "announced")) throw new Error("a signal was not announced");
});
