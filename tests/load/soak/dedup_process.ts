/** `<endpoint> <ids>`: keeps a state for each module, and says when its evidence changed. */
import { connectBus } from "@kloros/bus-client";
import { createChild, EvidenceUpdated, evidenceHash, InvestigationComplete } from "@kloros/signal-schema";
import { tell } from "../../bench/house/stdin_lines.ts";
import { consumeNoted } from "./consume_noted.ts";
import { IdFile } from "./id_file.ts";
import { Reports } from "./program.ts";

const [endpoint = "", ids = ""] = process.argv.slice(2);
const name = "semantic-dedup";
const bus = connectBus({ endpoint, service: name });
const reports = new Reports();

await consumeNoted(
  bus,
  { name, signals: [InvestigationComplete.name], start: { from: "earliest" }, stateKey: "module_name" },
  { reports, ids: new IdFile(ids) },
  ({ signal, state }) => {
    const seen = ((state as { seen: number } | null)?.seen ?? 0) + 1;
    const { module_name } = signal.facts as { module_name: string };
    const facts = {
      module_name,
      evidence_hash: evidenceHash([signal.id]),
      changed: ["purpose"],
      suppressed: false,
    };
    const options = { source: name, consumer: name, nowMs: Date.now() };
    return { emit: [createChild(signal, EvidenceUpdated, facts, options)], state: { seen } };
  },
);
tell("ready");
await reports.serve();
