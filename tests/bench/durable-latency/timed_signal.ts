/** The sample signal with the time at which it was due in its question's id. */
import { CuriosityInvestigate, createRoot, type Envelope } from "@kloros/signal-schema";
import { SAMPLE_SOURCE } from "../house/signal_sample.ts";

export function timedSignal(dueMs: number): Envelope {
  return createRoot(
    CuriosityInvestigate,
    { question: "what is it?", question_id: dueMs.toFixed(3), priority: "normal", evidence: [] },
    { source: SAMPLE_SOURCE, nowMs: Date.now() },
  );
}

export function dueOf({ facts }: Pick<Envelope, "facts">): number {
  return Number(facts["question_id"]);
}
