/** `<endpoint>`: reads each body, answers each message. */
import { openReadiness, openSocket } from "@kloros/zmq";
import { tell } from "../house/stdin_lines.ts";
import { SettledCount } from "./settled_count.ts";

const [endpoint = ""] = process.argv.slice(2);
const dealer = openSocket("dealer", { sendHighWaterMark: 100_000, receiveHighWaterMark: 100_000 });
dealer.connect(endpoint);
dealer.send(["c"]);
const decoder = new TextDecoder();
const settled = new SettledCount();
const readiness = openReadiness();
readiness.watch(dealer, () => {
  for (let message = dealer.receive(); message !== undefined; message = dealer.receive()) {
    const lines = decoder.decode(message.frames[0]).split("\n");
    for (const line of lines) JSON.parse(line);
    dealer.send(["a", ""]);
    settled.add(lines.length);
  }
});
tell("ready");
await settled.serve();
