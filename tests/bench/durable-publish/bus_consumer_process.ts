/** `<endpoint> <concurrency> <prefetch>`. */
import { connectBus } from "@kloros/bus-client";
import { SAMPLE_SIGNAL } from "../house/signal_sample.ts";
import { tell } from "../house/stdin_lines.ts";
import { SettledCount } from "./settled_count.ts";

const [endpoint = "", concurrency = "", prefetch = ""] = process.argv.slice(2);
const name = "investigation-consumer";
const bus = connectBus({ endpoint, service: name });
const settled = new SettledCount();
process.on("SIGTERM", () => {
  void bus.close().then(() => process.exit(0));
});
await bus.consume(
  {
    name,
    signals: [SAMPLE_SIGNAL],
    start: { from: "earliest" },
    concurrency: Number(concurrency),
    prefetch: Number(prefetch),
    onSettled: ({ outcome }) => {
      if (outcome !== "done") throw new Error(`a delivery ended as ${outcome}`);
      settled.add(1);
    },
  },
  () => Promise.resolve(undefined),
);
tell("ready");
await settled.serve();
