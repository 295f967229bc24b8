/** `<port> <in flight> <signals a write>`. */
import { openStream } from "../peers/jetstream.ts";
import { sampleSignal } from "../house/signal_sample.ts";
import { inChunks, serveLoads } from "./publish_program.ts";

const [port = "", inFlight = "", chunk = ""] = process.argv.slice(2);
const stream = await openStream(Number(port));
const send = (index: number, onStored: () => void): void => {
  stream.publish(JSON.stringify(sampleSignal(index)), onStored);
};
await serveLoads(
  { inFlight: Number(inFlight), chunk: Number(chunk) },
  inChunks({
    send,
    flush: () => {
      stream.flush();
    },
  }),
);
