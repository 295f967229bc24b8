/**
 * An open loop: signal i is due at start + i · period whether or not the earlier ones came through, and its latency counts from
 * there. A closed loop would wait with a slow system and hide what it did to those that would have come meanwhile.
 */
import { sharedNowMs } from "../house/statistics.ts";

/** Never changed: only its time limit ends a wait on it. A timer of the event loop is a millisecond too coarse. */
const pillow = new Int32Array(new SharedArrayBuffer(4));

export async function openLoop(
  { count, periodMs }: { readonly count: number; readonly periodMs: number },
  send: (scheduledMs: number) => void,
): Promise<void> {
  const start = sharedNowMs() + 5;
  for (let index = 0; index < count; index++) {
    const due = start + index * periodMs;
    const wait = due - sharedNowMs();
    if (wait > 0) Atomics.wait(pillow, 0, 0, wait);
    send(due);
    // Answers come in and what was sent goes out in this turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
