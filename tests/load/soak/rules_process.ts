/** `<endpoint> <ids>`: reads alerts with a state, and notes evidence, timeouts and loops. */
import { connectBus } from "@kloros/bus-client";
import { EvidenceUpdated, HealthAlert, InvestigationTimeout, LoopDetected } from "@kloros/signal-schema";
import { tell } from "../../bench/house/stdin_lines.ts";
import { consumeNoted } from "./consume_noted.ts";
import { IdFile } from "./id_file.ts";
import { Reports } from "./program.ts";

const [endpoint = "", ids = ""] = process.argv.slice(2);
const name = "policy-engine";
const bus = connectBus({ endpoint, service: name });
const notes = { reports: new Reports(), ids: new IdFile(ids) };
const start = { from: "earliest" } as const;

await consumeNoted(bus, { name, signals: [HealthAlert.name], start, stateKey: "" }, notes, ({ state }) => ({
  state: { seen: ((state as { seen: number } | null)?.seen ?? 0) + 1 },
}));
await consumeNoted(
  bus,
  { name: `${name}/evidence`, signals: [EvidenceUpdated.name], start, concurrency: 16 },
  notes,
  () => undefined,
);
await consumeNoted(
  bus,
  { name: `${name}/trouble`, signals: [InvestigationTimeout.name, LoopDetected.name], start },
  notes,
  () => undefined,
);
tell("ready");
await notes.reports.serve();
