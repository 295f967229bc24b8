/** `<endpoint>`: the handler's first act is to take the time. */
import { connectBus } from "@kloros/bus-client";
import { SAMPLE_SIGNAL } from "../house/signal_sample.ts";
import { tell } from "../house/stdin_lines.ts";
import { LatencyLog } from "./latency_log.ts";
import { dueOf } from "./timed_signal.ts";

const [endpoint = ""] = process.argv.slice(2);
const name = "investigation-consumer";
const bus = connectBus({ endpoint, service: name });
const log = new LatencyLog();
process.on("SIGTERM", () => {
  void bus.close().then(() => process.exit(0));
});
await bus.consume(
  { name, signals: [SAMPLE_SIGNAL], start: { from: "earliest" }, concurrency: 64, prefetch: 64 },
  ({ signal }) => {
    log.add(dueOf(signal));
    return Promise.resolve(undefined);
  },
);
tell("ready");
await log.serve();
