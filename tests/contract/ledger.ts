/** What the journal holds at the end: every question once, every answer once. */
import type { Bus } from "@kloros/bus-client";
import { CuriosityInvestigate, InvestigationComplete } from "@kloros/signal-schema";

export interface Ledger {
  /** Question ids, in the order stored, with repetitions if there were any. */
  readonly questions: readonly string[];
  readonly answers: readonly string[];
}

export async function readLedger(bus: Bus): Promise<Ledger> {
  const questions: string[] = [];
  const answers: string[] = [];
  let after: number | null = 0;
  while (after !== null) {
    const page: Awaited<ReturnType<Bus["read"]>> = await bus.read({ afterSeq: after, limit: 1000 });
    for (const { envelope } of page.items) {
      const key = String(envelope.facts["question_id"]);
      if (envelope.signal === CuriosityInvestigate.name) questions.push(key);
      if (envelope.signal === InvestigationComplete.name) answers.push(key);
    }
    after = page.next;
  }
  return { questions, answers };
}

/** Waits until all deliveries of a consumer have come to their end. */
export async function openOf(bus: Bus, name: string): Promise<number> {
  const consumers = await bus.admin("consumers", {});
  return consumers.find((consumer) => consumer.name === name)?.open ?? -1;
}
