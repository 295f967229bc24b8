/**
 * `<bus endpoint>`: an investigation-consumer that counts each question it is given. A line of JSON says which one is urgent and how
 * many come in all; `report` asks for the counts.
 */
import { connectBus } from "@kloros/bus-client";
import { CuriosityInvestigate } from "@kloros/signal-schema";
import { sharedNowMs } from "../house/statistics.ts";
import { stdinLines, tell } from "../house/stdin_lines.ts";

const [endpoint = ""] = process.argv.slice(2);
const name = "investigation-consumer";
const bus = connectBus({ endpoint, service: name });
process.on("SIGTERM", () => {
  void bus.close().then(() => process.exit(0));
});
const counts = new Map<string, number>();
let [urgent, total, handled] = ["", Infinity, 0];
await bus.consume(
  {
    name,
    signals: [CuriosityInvestigate.name],
    start: { from: "earliest" },
    concurrency: 4,
    prefetch: 60,
  },
  ({ signal }) => {
    const id = String(signal.facts["question_id"]);
    counts.set(id, (counts.get(id) ?? 0) + 1);
    if (id === urgent) tell("urgent", { at: sharedNowMs() });
    if (++handled === total) tell("all", { at: sharedNowMs() });
    return Promise.resolve(undefined);
  },
);
tell("ready");
for await (const line of stdinLines()) {
  if (line === "report") tell("report", { counts: Object.fromEntries(counts) });
  else ({ urgent, total } = JSON.parse(line) as { urgent: string; total: number });
}
