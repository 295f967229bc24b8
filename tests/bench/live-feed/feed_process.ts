/**
 * `<feed endpoint> <credit endpoint> <messages>`: the bus's live feed alone, announcing what was made before. It never runs further
 * ahead of its subscriber than `AHEAD`, so that nothing is lost and every message counts.
 */
import { openSocket, pollSockets } from "@kloros/zmq";
import { LiveFeed } from "@kloros/chemical-bus/testing";
import { stdinLines, tell } from "../house/stdin_lines.ts";
import { AHEAD, CREDIT_STEP, FEED_SIGNAL } from "./feed_flow.ts";

const [endpoint = "", creditEndpoint = "", messages = ""] = process.argv.slice(2);
const feed = new LiveFeed({
  endpoints: [endpoint],
  singleFrameEndpoints: [],
  onEvent: (event) => {
    if (event.event === "trouble") throw event.error;
  },
});
const credit = openSocket("dealer");
credit.bind(creditEndpoint);
const body = "x".repeat(300);

/** Empty bodies until the subscriber says that one came: only then is everything that follows received. */
async function join(): Promise<void> {
  while (credit.receive() === undefined) {
    feed.drain();
    feed.announce(FEED_SIGNAL, "");
    await Bun.sleep(5);
  }
}

async function announce(count: number): Promise<void> {
  let allowed = AHEAD;
  for (let sent = 0; sent < count;) {
    feed.drain();
    while (credit.receive() !== undefined) allowed += CREDIT_STEP;
    const until = Math.min(count, allowed);
    if (sent === until) pollSockets([credit], 1);
    for (; sent < until; sent++) feed.announce(FEED_SIGNAL, body);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

tell("bound");
await join();
tell("ready");
for await (const line of stdinLines()) {
  if (line === "go") await announce(Number(messages));
}
