/** `<bus endpoint> <live endpoint>`: a tap, which parses and checks each signal; a line with a number: tell when so many came. */
import { connectBus } from "@kloros/bus-client";
import { sharedNowMs } from "../house/statistics.ts";
import { stdinLines, tell } from "../house/stdin_lines.ts";
import { FEED_SIGNAL } from "./feed_flow.ts";

const [endpoint = "", liveEndpoint = ""] = process.argv.slice(2);
const bus = connectBus({ endpoint, liveEndpoint, service: "operator" });
process.on("SIGTERM", () => {
  void bus.close().then(() => process.exit(0));
});
let received = 0;
let target = Infinity;
const check = (): void => {
  if (received < target) return;
  target = Infinity;
  tell("received", { at: sharedNowMs() });
};
await bus.tap({ signals: [FEED_SIGNAL] }, () => {
  received++;
  check();
});
tell("ready");
for await (const line of stdinLines()) {
  target = Number(line);
  check();
}
