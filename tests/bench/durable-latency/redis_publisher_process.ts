/** `<socket> <period ms>`; a line with a number adds so many signals in an open loop. */
import { RespConnection } from "../peers/resp.ts";
import { stdinLines, tell } from "../house/stdin_lines.ts";
import { openLoop } from "./open_loop.ts";
import { timedSignal } from "./timed_signal.ts";

const [socketPath = "", period = ""] = process.argv.slice(2);
const redis = await RespConnection.open(socketPath);
await redis.ask(["PING"]);
tell("ready");
for await (const line of stdinLines()) {
  await openLoop({ count: Number(line), periodMs: Number(period) }, (due) => {
    redis.send(["XADD", "signals", "*", "b", JSON.stringify(timedSignal(due))], () => undefined);
    redis.flush();
  });
  tell("published");
}
