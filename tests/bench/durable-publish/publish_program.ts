/** What all publishers of this benchmark share: a line with a number publishes so many signals. */
import { sharedNowMs } from "../house/statistics.ts";
import { stdinLines, tell } from "../house/stdin_lines.ts";
import { keepInFlight } from "./keep_in_flight.ts";

export async function serveLoads(
  { inFlight, chunk }: { readonly inFlight: number; readonly chunk: number },
  publish: (from: number, count: number) => Promise<void>,
): Promise<void> {
  tell("ready");
  let published = 0;
  for await (const line of stdinLines()) {
    const count = Number(line);
    const startedAt = sharedNowMs();
    await keepInFlight({ from: published, count, inFlight, chunk }, publish);
    published += count;
    tell("published", { startedAt, endedAt: sharedNowMs() });
  }
}

export interface Sender {
  /** Queued until `flush`; `onStored` is called once it is on disk. */
  readonly send: (index: number, onStored: (error?: Error) => void) => void;
  readonly flush: () => void;
}

/** Of a sender of single signals: what is sent in one turn leaves in one write. */
export function inChunks({ send, flush }: Sender): (from: number, count: number) => Promise<void> {
  let planned = false;
  return (from, count) =>
    new Promise((resolve, reject) => {
      let open = count;
      for (let index = from; index < from + count; index++) {
        send(index, (error) => {
          if (error !== undefined) reject(error);
          else if (--open === 0) resolve();
        });
      }
      if (planned) return;
      planned = true;
      queueMicrotask(() => {
        planned = false;
        flush();
      });
    });
}
