/** `<port>`. */
import { consumeStream } from "../peers/jetstream.ts";
import { tell } from "../house/stdin_lines.ts";
import { LatencyLog } from "./latency_log.ts";
import { dueOf } from "./timed_signal.ts";

const [port = ""] = process.argv.slice(2);
const log = new LatencyLog();
await consumeStream(
  Number(port),
  (signal) => {
    log.add(dueOf(signal));
  },
  () => undefined,
);
tell("ready");
await log.serve();
