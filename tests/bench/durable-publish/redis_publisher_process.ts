/** `<socket> <in flight> <signals a write>`. */
import { RespConnection } from "../peers/resp.ts";
import { sampleSignal } from "../house/signal_sample.ts";
import { inChunks, serveLoads } from "./publish_program.ts";

const [socketPath = "", inFlight = "", chunk = ""] = process.argv.slice(2);
const redis = await RespConnection.open(socketPath);
const send = (index: number, onStored: (error?: Error) => void): void => {
  redis.send(["XADD", "signals", "*", "b", JSON.stringify(sampleSignal(index))], (reply) => {
    onStored(reply instanceof Error ? reply : undefined);
  });
};
await redis.ask(["PING"]);
await serveLoads(
  { inFlight: Number(inFlight), chunk: Number(chunk) },
  inChunks({
    send,
    flush: () => {
      redis.flush();
    },
  }),
);
