/** A publisher that owes the bus a list of signals: says each until it is acknowledged, also after a death in between. */
import type { Bus } from "@kloros/bus-client";
import type { PublishResult } from "@kloros/journal";
import type { Envelope } from "@kloros/signal-schema";
import type { Program, SimulatedProcess } from "../machine/process.ts";
import type { Promises } from "./promises.ts";
import { sleep } from "./working.ts";

/** Said in one call. */
export interface Batch {
  readonly envelopes: readonly Envelope[];
  /** Before it, ms. */
  readonly pauseMs: number;
  /** Said again once it was acknowledged. */
  readonly again: boolean;
  /** Said once it was acknowledged: a known id with another body. */
  readonly conflict: Envelope | undefined;
}

export interface PublishingOptions {
  readonly source: string;
  readonly batches: readonly Batch[];
  readonly promises: Promises;
  readonly count: (what: string) => void;
  readonly fail: (text: string) => void;
  /** All is acknowledged. */
  readonly onDone: () => void;
}

export function publishing(options: PublishingOptions): Program {
  const { source, batches, onDone } = options;
  return async (process) => {
    const bus = process.connect(source);
    process.onTerminate(() => bus.close());
    const progress = `${source}.progress`;
    for (let n = Number((await process.disk.read(progress)) ?? "0"); n < batches.length; n++) {
      const batch = batches[n];
      if (batch === undefined) break;
      await sleep(process, batch.pauseMs);
      await say(bus, process, batch, options);
      await process.disk.writeAtomic(progress, String(n + 1));
    }
    onDone();
    await bus.close();
  };
}

async function say(
  bus: Bus,
  process: SimulatedProcess,
  batch: Batch,
  options: PublishingOptions,
): Promise<void> {
  note(batch.envelopes, await bus.publish(batch.envelopes), options);
  if (batch.again) {
    options.count("publish.again");
    note(batch.envelopes, await bus.publish(batch.envelopes), options);
  }
  if (batch.conflict === undefined) return;
  const [result] = await bus.publish([batch.conflict]);
  process.note(`conflict: ${result?.status ?? "nothing"}`);
  if (result?.status !== "conflict") {
    options.fail(
      `${batch.conflict.id} with another body was ${result?.status ?? "not answered"}, no conflict`,
    );
  }
}

function note(
  envelopes: readonly Envelope[],
  results: readonly PublishResult[],
  { promises, count, fail }: PublishingOptions,
): void {
  for (const [index, { id, signal }] of envelopes.entries()) {
    const result = results[index];
    count(`publish.${result?.status ?? "nothing"}`);
    promises.published(id, signal, result);
    if (result === undefined || result.status === "invalid" || result.status === "conflict")
      fail(`${signal} ${id} was answered ${JSON.stringify(result)}`);
  }
}
