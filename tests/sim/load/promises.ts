/**
 * What the programs of a run were promised and what they saw, kept outside of all processes: the checks hold it against the
 * journal and the disk.
 */
import type { Delivery } from "@kloros/bus-client";
import type { PublishResult } from "@kloros/journal";

export interface Acknowledged {
  readonly id: string;
  readonly name: string;
  readonly seq: number;
}

interface Granted extends Delivery {
  readonly grant: { readonly token: string };
}

export class Promises {
  readonly acknowledged = new Map<string, Acknowledged>();
  /** `consumer seq` of what the journal confirmed as done. */
  readonly done = new Set<string>();
  /** Processes that a signal has taken down already. */
  readonly crashed = new Set<string>();
  readonly #running = new Map<string, Delivery>();
  readonly #fail: (text: string) => void;
  readonly #onDone: (consumer: string, seq: number, token: string) => void;

  constructor(fail: (text: string) => void, onDone: (consumer: string, seq: number, token: string) => void) {
    this.#fail = fail;
    this.#onDone = onDone;
  }

  published(id: string, name: string, result: PublishResult | undefined): void {
    if (result?.status !== "stored" && result?.status !== "duplicate") return;
    const before = this.acknowledged.get(id);
    if (before !== undefined && before.seq !== result.seq)
      this.#fail(`${id} was acknowledged as ${String(before.seq)} and as ${String(result.seq)}`);
    if (before !== undefined && result.status === "stored")
      this.#fail(`${id} was acknowledged already, and stored again`);
    this.acknowledged.set(id, { id, name, seq: result.seq });
  }

  /** A handler begins. `instance`: of its process. Beside it only one may run that was told to stop. */
  begins(consumer: string, delivery: Delivery, instance: string): () => void {
    const key = `${instance} ${consumer} ${String(delivery.seq)}`;
    if (this.#running.get(key)?.abort.aborted === false)
      this.#fail(`${instance} works on ${String(delivery.seq)} of ${consumer} twice at once`);
    this.#running.set(key, delivery);
    return () => {
      if (this.#running.get(key) === delivery) this.#running.delete(key);
    };
  }

  /** The journal confirmed the outcome. */
  settled(consumer: string, delivery: Delivery, outcome: string): void {
    if (outcome !== "done") return;
    const { seq } = delivery;
    this.done.add(`${consumer} ${String(seq)}`);
    // What a handler is given knows its lease.
    const { grant } = delivery as Partial<Granted>;
    if (grant !== undefined) this.#onDone(consumer, seq, grant.token);
  }
}
