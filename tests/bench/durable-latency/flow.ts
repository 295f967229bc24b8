import type { FlowPrograms } from "../durable-publish/flow.ts";
import type { Scratch } from "../house/scratch.ts";
import type { Latencies } from "../house/statistics.ts";

const READY_MS = 20_000;
const GRACE_MS = 20_000;

export const PERIOD_MS = 1;

/** A warm-up at the same rate, then the measured part. */
export async function measureLatency(
  scratch: Scratch,
  programs: FlowPrograms,
  { warmUp, count }: { readonly warmUp: number; readonly count: number },
): Promise<Latencies> {
  const consumer = programs.consumer();
  await consumer.event("ready", READY_MS);
  const publisher = programs.publisher();
  await publisher.event("ready", READY_MS);
  let latencies: Latencies = { p50: 0, p99: 0, p999: 0, max: 0, count: 0 };
  for (const signals of [warmUp, count]) {
    consumer.tell(String(signals));
    publisher.tell(String(signals));
    const limit = signals * PERIOD_MS + GRACE_MS;
    await publisher.event("published", limit);
    const { p50, p99, p999, max, count: received } = await consumer.event("part", limit);
    latencies = {
      p50: Number(p50),
      p99: Number(p99),
      p999: Number(p999),
      max: Number(max),
      count: Number(received),
    };
  }
  await scratch.end([consumer, publisher]);
  return latencies;
}
