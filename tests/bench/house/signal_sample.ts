/** The signal that all subjects carry: a question whose envelope has about 300 bytes of JSON. */
import { CuriosityInvestigate, createRoot, type Envelope } from "@kloros/signal-schema";

export const SAMPLE_SOURCE = "curiosity-core";
export const SAMPLE_SIGNAL = CuriosityInvestigate.name;

export function sampleSignal(index: number): Envelope {
  return createRoot(
    CuriosityInvestigate,
    { question: "what is it?", question_id: `q${String(index)}`, priority: "normal", evidence: [] },
    { source: SAMPLE_SOURCE, nowMs: Date.now() },
  );
}
