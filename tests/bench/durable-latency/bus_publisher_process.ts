/** `<endpoint> <period ms>`; a line with a number publishes so many signals in an open loop. */
import { connectBus } from "@kloros/bus-client";
import { SAMPLE_SOURCE } from "../house/signal_sample.ts";
import { stdinLines, tell } from "../house/stdin_lines.ts";
import { openLoop } from "./open_loop.ts";
import { timedSignal } from "./timed_signal.ts";

const [endpoint = "", period = ""] = process.argv.slice(2);
const bus = connectBus({ endpoint, service: SAMPLE_SOURCE });
process.on("SIGTERM", () => {
  void bus.close().then(() => process.exit(0));
});
await bus.ping();
tell("ready");
for await (const line of stdinLines()) {
  await openLoop({ count: Number(line), periodMs: Number(period) }, (due) => {
    void bus.publish([timedSignal(due)]);
  });
  tell("published");
}
