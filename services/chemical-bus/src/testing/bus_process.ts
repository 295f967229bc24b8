/**
 * A bus as a process of its own, for tests: `bun bus_process.ts <dir> <limits> <services>`. Says `ready` when clients can connect. The
 * end of its stdin stops it in order, so it never outlives who started it.
 */
import { join } from "node:path";
import { Broker } from "@kloros/journal";
import { BusServer } from "../server/bus_server.ts";
import { runLoop } from "../server/run_loop.ts";

const [directory = "", limits = "{}", services = '"*"'] = process.argv.slice(2);
const stopping = new AbortController();
const broker = new Broker({ path: join(directory, "journal.db"), autoFlush: false });
const server = new BusServer({
  broker,
  endpoint: `ipc://${join(directory, "bus.sock")}`,
  liveEndpoints: [`ipc://${join(directory, "live.sock")}`],
  limits: JSON.parse(limits) as object,
  servicesOf: () => JSON.parse(services) as "*" | string[],
  onEvent: (event) => {
    process.stderr.write(`${JSON.stringify(event)}\n`);
  },
});
process.stdout.write("ready\n");
void Bun.stdin.text().then(() => {
  stopping.abort();
});
await runLoop({ server, broker, stopping: stopping.signal });
await server.close();
broker.close();
