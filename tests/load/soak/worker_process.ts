/** `<endpoint> <ids>`: answers questions; some fail at first, some for good. */
import { connectBus, RetryableError, TerminalError } from "@kloros/bus-client";
import { createChild, CuriosityInvestigate, InvestigationComplete } from "@kloros/signal-schema";
import { tell } from "../../bench/house/stdin_lines.ts";
import { consumeNoted } from "./consume_noted.ts";
import { IdFile } from "./id_file.ts";
import { Reports } from "./program.ts";
import { FAILS_FIRST, fateOf, IMPOSSIBLE } from "./traffic.ts";

const [endpoint = "", ids = ""] = process.argv.slice(2);
const name = "investigation-consumer";
const bus = connectBus({ endpoint, service: name });
const reports = new Reports();

await consumeNoted(
  bus,
  {
    name,
    signals: [CuriosityInvestigate.name],
    start: { from: "earliest" },
    concurrency: 16,
    urgentConcurrency: 4,
    prefetch: 16,
  },
  { reports, ids: new IdFile(ids) },
  ({ signal, attempt }) => {
    const fate = fateOf(signal);
    if (fate === IMPOSSIBLE) throw new TerminalError("impossible", "nobody can answer this");
    if (fate === FAILS_FIRST && attempt === 1) throw new RetryableError("later", "not yet");
    const { question_id, module_name, evidence } = signal.facts as {
      question_id: string;
      module_name: string;
      evidence: string[];
    };
    const answer = {
      investigation_timestamp: signal.timestamp,
      question_id,
      status: "completed",
      duration_ms: 1,
      queue_wait_time_ms: 0,
      module_name,
      evidence,
    } as const;
    const options = { source: name, consumer: name, nowMs: Date.now() };
    return { emit: [createChild(signal, InvestigationComplete, answer, options)] };
  },
);
tell("ready");
await reports.serve();
