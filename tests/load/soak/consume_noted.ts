/** A consumer that notes how long each signal took to its handler, and each outcome with the signal's id. */
import type { Bus, ConsumeOptions, Delivery, HandlerResult } from "@kloros/bus-client";
import { sharedNowMs } from "../../bench/house/statistics.ts";
import type { IdFile } from "./id_file.ts";
import { log, type Reports } from "./program.ts";
import { dueOf, isOurs } from "./traffic.ts";

export interface Notes {
  readonly reports: Reports;
  readonly ids: IdFile;
}

/** Detaches and ends the process on SIGTERM. */
export async function consumeNoted(
  bus: Bus,
  options: ConsumeOptions,
  { reports, ids }: Notes,
  work: (delivery: Delivery) => HandlerResult | undefined,
): Promise<void> {
  process.on("SIGTERM", () => {
    void bus.close().then(() => process.exit(0));
  });
  await bus.consume(
    {
      ...options,
      onSettled: ({ delivery: { signal, seq }, outcome }) => {
        ids.add(`${options.name}:${outcome}`, signal.id);
        log(options.name, { outcome, signal: signal.signal, id: signal.id, seq });
      },
    },
    async (delivery) => {
      if (delivery.attempt === 1 && isOurs(delivery.signal))
        reports.add(sharedNowMs() - dueOf(delivery.signal));
      return Promise.resolve(work(delivery));
    },
  );
}
