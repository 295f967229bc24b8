/** `<endpoint> <signals/s>`; a line with a number publishes so many in batches, no faster than that. */
import { connectBus } from "@kloros/bus-client";
import { serveLoads } from "../../bench/durable-publish/publish_program.ts";
import { SAMPLE_SOURCE } from "../../bench/house/signal_sample.ts";
import { sharedNowMs } from "../../bench/house/statistics.ts";
import { numberedSignal } from "./numbered_signal.ts";

const READY_MS = 30_000;
const LOAD = { inFlight: 2048, chunk: 64 } as const;

const [endpoint = "", rate = ""] = process.argv.slice(2);
const bus = connectBus({ endpoint, service: SAMPLE_SOURCE });
let due = 0;
process.on("SIGTERM", () => {
  void bus.close().then(() => process.exit(0));
});
await bus.ping({ timeoutMs: READY_MS });
await serveLoads(LOAD, async (from, count) => {
  due = Math.max(due + (count / Number(rate)) * 1000, sharedNowMs());
  await Bun.sleep(due - sharedNowMs());
  const now = sharedNowMs();
  const results = await bus.publish(Array.from({ length: count }, (_, n) => numberedSignal(from + n, now)));
  // Said again after a lost session: it is there.
  const bad = results.find(({ status }) => status !== "stored" && status !== "duplicate");
  if (bad !== undefined) throw new Error(`a signal was not stored: ${JSON.stringify(bad)}`);
});
