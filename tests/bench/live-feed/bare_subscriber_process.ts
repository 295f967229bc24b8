/** `<feed endpoint> <credit endpoint> <messages>`: receives frames and looks at nothing, as the peer does. */
import { openReadiness, openSocket } from "@kloros/zmq";
import { tell } from "../house/stdin_lines.ts";
import { CREDIT_STEP, FEED_SIGNAL } from "./feed_flow.ts";

const [endpoint = "", creditEndpoint = "", messages = ""] = process.argv.slice(2);
const credit = openSocket("dealer");
credit.connect(creditEndpoint);
const socket = openSocket("sub", { receiveHighWaterMark: 10_000 });
socket.subscribe(FEED_SIGNAL);
socket.connect(endpoint);
let joined = false;
let received = 0;
let startedAt = 0;
openReadiness().watch(socket, () => {
  for (let message = socket.receive(); message !== undefined; message = socket.receive()) {
    if (message.frames[1]?.length === 0) {
      if (!joined) credit.send(["joined"]);
      joined = true;
      continue;
    }
    if (received === 0) startedAt = performance.now();
    received++;
    if (received % CREDIT_STEP === 0) credit.send(["."]);
    if (received !== Number(messages)) continue;
    tell("received", { perS: ((received - 1) / (performance.now() - startedAt)) * 1000 });
  }
});
tell("ready");
