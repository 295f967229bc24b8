import type { Child } from "../house/child.ts";
import type { Scratch } from "../house/scratch.ts";

const READY_MS = 20_000;
const RUN_MS = 120_000;

export interface FlowPrograms {
  readonly consumer: () => Child;
  readonly publisher: () => Child;
}

export interface FlowSpeed {
  /** From the first publish to the last settlement. */
  readonly settledPerS: number;
  /** From the first publish to the last acknowledgement of a publish. */
  readonly publishedPerS: number;
}

/** A publisher and a consumer at once: a warm-up, then the measured part; both processes end. */
export async function measureFlow(
  scratch: Scratch,
  programs: FlowPrograms,
  { warmUp, count }: { readonly warmUp: number; readonly count: number },
): Promise<FlowSpeed> {
  const consumer = programs.consumer();
  await consumer.event("ready", READY_MS);
  const publisher = programs.publisher();
  await publisher.event("ready", READY_MS);
  let speed: FlowSpeed = { settledPerS: 0, publishedPerS: 0 };
  let total = 0;
  for (const signals of [warmUp, count]) {
    total += signals;
    consumer.tell(String(total));
    publisher.tell(String(signals));
    const [published, settled] = await Promise.all([
      publisher.event("published", RUN_MS),
      consumer.event("settled", RUN_MS),
    ]);
    const from = Number(published["startedAt"]);
    speed = {
      settledPerS: (signals / (Number(settled["at"]) - from)) * 1000,
      publishedPerS: (signals / (Number(published["endedAt"]) - from)) * 1000,
    };
  }
  await scratch.end([consumer, publisher]);
  return speed;
}
