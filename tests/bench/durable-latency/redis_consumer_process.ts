/** `<socket>`: blocked in XREADGROUP. */
import { consumeGroup } from "../peers/redis_group.ts";
import { tell } from "../house/stdin_lines.ts";
import { LatencyLog } from "./latency_log.ts";
import { dueOf } from "./timed_signal.ts";

const [socketPath = ""] = process.argv.slice(2);
const log = new LatencyLog();
await consumeGroup({
  socketPath,
  count: 512,
  onSignal: (signal) => {
    log.add(dueOf(signal));
  },
});
tell("ready");
await log.serve();
