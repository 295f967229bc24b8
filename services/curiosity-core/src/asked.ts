/**
 * What was asked already, by whomever. The journal is the memory: it is read once, and what we ask ourselves is added.
 * Should something be missing here, the signal's id still keeps the bus from storing it twice.
 */
import { CuriosityInvestigate, isSignal } from "@kloros/signal-schema";
import type { Bus } from "@kloros/bus-client";
import { questionKey } from "./question.ts";

/** More questions than any tree has modules; the oldest are forgotten first. */
const KEYS_MAX = 100_000;
const PAGE = 1000;

export class Asked {
  readonly keys = new Set<string>();

  add(key: string): void {
    this.keys.add(key);
    if (this.keys.size <= KEYS_MAX) return;
    const [oldest] = this.keys;
    if (oldest !== undefined) this.keys.delete(oldest);
  }

  /** Reads the history. Rejects when the bus cannot be asked now. */
  async load(bus: Bus, stopping: AbortSignal): Promise<void> {
    let afterSeq: number | null = 0;
    while (afterSeq !== null && !stopping.aborted) {
      const page: Awaited<ReturnType<Bus["read"]>> = await bus.read({
        signals: [CuriosityInvestigate.name],
        order: "oldest",
        afterSeq,
        limit: PAGE,
      });
      for (const { envelope } of page.items) {
        if (!isSignal(CuriosityInvestigate, envelope)) continue;
        this.add(questionKey(envelope.facts.question_id, envelope.facts.evidence));
      }
      afterSeq = page.next;
    }
  }
}
