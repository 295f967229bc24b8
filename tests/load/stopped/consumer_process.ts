/** `<endpoint> <name> <signals at most>`: takes in what comes and keeps count. */
import { connectBus } from "@kloros/bus-client";
import { SAMPLE_SIGNAL } from "../../bench/house/signal_sample.ts";
import { stdinLines, tell } from "../../bench/house/stdin_lines.ts";
import { Deliveries } from "./deliveries.ts";

const [endpoint = "", name = "", signalsMax = ""] = process.argv.slice(2);
const bus = connectBus({ endpoint, service: name });
const deliveries = new Deliveries(Number(signalsMax));
process.on("SIGTERM", () => {
  void bus.close().then(() => process.exit(0));
});
await bus.consume(
  {
    name,
    signals: [SAMPLE_SIGNAL],
    start: { from: "earliest" },
    concurrency: 256,
    urgentConcurrency: 64,
    prefetch: 512,
    onSettled: (event) => {
      deliveries.settled(event);
    },
  },
  (delivery) => {
    deliveries.came(delivery);
    return Promise.resolve(undefined);
  },
);
tell("ready");
for await (const line of stdinLines()) deliveries.told(line);
