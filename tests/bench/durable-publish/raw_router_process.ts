/** `<endpoint>`: a ROUTER that hands the publisher's batches to the consumer and its answers back, and stores nothing. */
import { openSocket, pollSockets } from "@kloros/zmq";
import { tell } from "../house/stdin_lines.ts";

const [endpoint = ""] = process.argv.slice(2);
const router = openSocket("router", { sendHighWaterMark: 100_000, receiveHighWaterMark: 100_000 });
router.bind(endpoint);
tell("ready");
const stop = new AbortController();
process.on("SIGTERM", () => {
  stop.abort();
});
let consumer: Uint8Array | undefined;
let publisher: Uint8Array | undefined;
while (!stop.signal.aborted) {
  pollSockets([router], 20);
  for (let message = router.receive(); message !== undefined; message = router.receive()) {
    const [from = new Uint8Array(), kind = new Uint8Array(), ...frames] = message.frames;
    const letter = String.fromCharCode(kind[0] ?? 0);
    if (letter === "c") consumer = from;
    if (letter === "a" && publisher !== undefined) router.send([publisher, ...frames]);
    if (letter !== "p") continue;
    publisher = from;
    if (consumer !== undefined) router.send([consumer, ...frames]);
  }
  await new Promise((resolve) => setImmediate(resolve));
}
router.close();
