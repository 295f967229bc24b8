/** `<port> <period ms>`; a line with a number publishes so many signals in an open loop. */
import { openStream } from "../peers/jetstream.ts";
import { stdinLines, tell } from "../house/stdin_lines.ts";
import { openLoop } from "./open_loop.ts";
import { timedSignal } from "./timed_signal.ts";

const [port = "", period = ""] = process.argv.slice(2);
const stream = await openStream(Number(port));
tell("ready");
for await (const line of stdinLines()) {
  await openLoop({ count: Number(line), periodMs: Number(period) }, (due) => {
    stream.publish(JSON.stringify(timedSignal(due)), () => undefined);
    stream.flush();
  });
  tell("published");
}
