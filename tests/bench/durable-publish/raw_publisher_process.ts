/** `<endpoint> <in flight> <signals a message>`: counts as stored what the consumer answered. */
import { openReadiness, openSocket } from "@kloros/zmq";
import { sampleSignal } from "../house/signal_sample.ts";
import { serveLoads } from "./publish_program.ts";

const [endpoint = "", inFlight = "", chunk = ""] = process.argv.slice(2);
const dealer = openSocket("dealer", { sendHighWaterMark: 100_000, receiveHighWaterMark: 100_000 });
dealer.connect(endpoint);
const waiting: (() => void)[] = [];
const readiness = openReadiness();
readiness.watch(dealer, () => {
  while (dealer.receive() !== undefined) waiting.shift()?.();
});
await serveLoads(
  { inFlight: Number(inFlight), chunk: Number(chunk) },
  (from, count) =>
    new Promise((resolve) => {
      const bodies = Array.from({ length: count }, (_, index) => JSON.stringify(sampleSignal(from + index)));
      waiting.push(resolve);
      dealer.send(["p", bodies.join("\n")]);
    }),
);
