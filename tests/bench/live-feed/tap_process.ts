/** `<bus endpoint> <live endpoint>`: a tap, which parses and checks each signal; any line: tell how many came, and when the last. */
import { connectBus } from "@kloros/bus-client";
import { sharedNowMs } from "../house/statistics.ts";
import { stdinLines, tell } from "../house/stdin_lines.ts";
import { FEED_SIGNAL } from "./feed_flow.ts";

const [endpoint = "", liveEndpoint = ""] = process.argv.slice(2);
const bus = connectBus({ endpoint, liveEndpoint, service: "operator" });
process.on("SIGTERM", () => {
  void bus.close().then(() => process.exit(0));
});
let [received, lastAt] = [0, 0];
await bus.tap({ signals: [FEED_SIGNAL] }, () => {
  received++;
  lastAt = sharedNowMs();
});
tell("ready");
for await (const _line of stdinLines()) tell("count", { received, lastAt });
