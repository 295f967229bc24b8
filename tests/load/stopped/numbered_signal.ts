/** A question that says which one it is and when it was made; each tenth is urgent. */
import { createRoot, CuriosityInvestigate, type Envelope } from "@kloros/signal-schema";
import { SAMPLE_SOURCE } from "../../bench/house/signal_sample.ts";

const URGENT_EVERY = 10;

export function numberedSignal(index: number, nowMs: number): Envelope {
  return createRoot(
    CuriosityInvestigate,
    {
      question: "what is it?",
      question_id: `${String(index)}.${nowMs.toFixed(3)}`,
      priority: index % URGENT_EVERY === 0 ? "critical" : "normal",
      evidence: [],
    },
    { source: SAMPLE_SOURCE, nowMs: Math.floor(nowMs) },
  );
}

export interface Numbered {
  readonly index: number;
  readonly madeAt: number;
  readonly urgent: boolean;
}

export function readNumbered({ facts }: Pick<Envelope, "facts">): Numbered {
  const { question_id, priority } = facts as { question_id: string; priority: string };
  const dot = question_id.indexOf(".");
  return {
    index: Number(question_id.slice(0, dot)),
    madeAt: Number(question_id.slice(dot + 1)),
    urgent: priority === "critical",
  };
}
