/** `<endpoint> <ids> <signals/s>`: says the roots, each when it is due, whether or not the earlier ones came through. `go`, `stop`. */
import { connectBus } from "@kloros/bus-client";
import { until } from "@kloros/bus-client/testing";
import type { Envelope } from "@kloros/signal-schema";
import { sharedNowMs } from "../../bench/house/statistics.ts";
import { tell } from "../../bench/house/stdin_lines.ts";
import { IdFile } from "./id_file.ts";
import { log, Reports } from "./program.ts";
import { fateOf, isQuestion, rootSignal, rootsUntil } from "./traffic.ts";

const TURN_MS = 5;
const READY_MS = 30_000;
const ACKNOWLEDGED_MS = 30_000;
/** At once, after this machine stood still. */
const BURST_MAX = 1000;

const [endpoint = "", ids = "", rate = ""] = process.argv.slice(2);
const curiosity = connectBus({ endpoint, service: "curiosity-core" });
const monitor = connectBus({ endpoint, service: "orchestrator-monitor" });
const file = new IdFile(ids);
const reports = new Reports();
let startedAt: number | undefined;
let said = 0;
let open = 0;
let stopping = false;

async function publish(signal: Envelope): Promise<void> {
  const question = isQuestion(signal);
  open++;
  const [result] = await (question ? curiosity : monitor).publish([signal]);
  open--;
  // A duplicate was said again after a lost session: it is there.
  if (result?.status !== "stored" && result?.status !== "duplicate")
    throw new Error(`${signal.id} was not stored: ${JSON.stringify(result)}`);
  file.add(question ? fateOf(signal) : "alert", signal.id);
  log("sources", { signal: signal.signal, id: signal.id, seq: result.seq });
}

function turn(): void {
  if (startedAt === undefined || stopping) return;
  const now = sharedNowMs();
  const due = Math.min(rootsUntil(now - startedAt, Number(rate)), said + BURST_MAX);
  while (said < due) void publish(rootSignal(said++, now));
}

async function stop(): Promise<void> {
  stopping = true;
  await until("all to be acknowledged", () => open === 0, { limitMs: ACKNOWLEDGED_MS });
  tell("stopped", { roots: said });
}

process.on("SIGTERM", () => {
  void Promise.all([curiosity.close(), monitor.close()]).then(() => process.exit(0));
});
await Promise.all([curiosity, monitor].map((bus) => bus.ping({ timeoutMs: READY_MS })));
setInterval(turn, TURN_MS);
tell("ready");
await reports.serve((line) => {
  if (line === "go") startedAt = sharedNowMs();
  if (line === "stop") void stop();
});
