import type { SettleResult } from "@kloros/journal";
import { type Ambient, backoffMs } from "./ambient.ts";
import { LeaseLostError, RetryableError, TerminalError } from "./errors.ts";
import type { Link } from "./link.ts";
import { PROTOCOL_LIMITS } from "./protocol.ts";
import type { Work } from "./work.ts";

const BUSY_BACKOFF = { firstMs: 50, maxMs: 2000 } as const;

/** Stores a delivery's plan; resolves when it is on disk, waits while the journal is busy. */
export async function savePlan(
  work: Work,
  plan: unknown,
  consumer: string,
  link: Link,
  ambient: Ambient,
  onLost: () => void,
): Promise<void> {
  const text = JSON.stringify(plan);
  if (text === undefined || Buffer.byteLength(text) > PROTOCOL_LIMITS.planBytesMax) {
    throw new TerminalError(
      "plan_too_large",
      `a plan is JSON of at most ${String(PROTOCOL_LIMITS.planBytesMax)} bytes, got ${String(text?.length ?? 0)} characters`,
    );
  }
  for (let attempt = 0; ; attempt++) {
    if (work.stopped !== undefined) throw work.stopped;
    const result: SettleResult = await link.plan(consumer, work.lease, text);
    if (result.status === "ok") return;
    if (result.status === "refused") throw new TerminalError(result.code, `plan refused: ${result.text}`);
    if (result.status === "gone") {
      onLost();
      throw work.stopped ?? new LeaseLostError(`the lease of seq ${String(work.seq)} is not ours any more`);
    }
    await pause(backoffMs(attempt, ambient.random(), BUSY_BACKOFF), work, ambient);
  }
}

function pause(ms: number, work: Work, ambient: Ambient): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      cancel();
      reject(work.stopped ?? new RetryableError("stopped", "the delivery was stopped"));
    };
    const cancel = ambient.after(ms, () => {
      work.abort.removeEventListener("abort", stop);
      resolve();
    });
    work.abort.addEventListener("abort", stop, { once: true });
  });
}
