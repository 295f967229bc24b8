/** `<endpoint> <in flight> <signals a call>`. */
import { connectBus } from "@kloros/bus-client";
import { sampleSignal, SAMPLE_SOURCE } from "../house/signal_sample.ts";
import { serveLoads } from "./publish_program.ts";

const [endpoint = "", inFlight = "", chunk = ""] = process.argv.slice(2);
const bus = connectBus({ endpoint, service: SAMPLE_SOURCE });
process.on("SIGTERM", () => {
  void bus.close().then(() => process.exit(0));
});
await bus.ping();
await serveLoads({ inFlight: Number(inFlight), chunk: Number(chunk) }, async (from, count) => {
  const signals = Array.from({ length: count }, (_, index) => sampleSignal(from + index));
  const results = await bus.publish(signals);
  const bad = results.find((result) => result.status !== "stored");
  if (bad !== undefined) throw new Error(`a signal was not stored: ${JSON.stringify(bad)}`);
});
