/** Resolves after `ms`, or at once when `abort` fires. Never rejects. */
export async function pause(ms: number, abort: AbortSignal): Promise<void> {
  if (abort.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      abort.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    abort.addEventListener("abort", done, { once: true });
  });
}

/** Waits `ms`. Rejects with the reason of `abort`. */
export async function pauseOrThrow(ms: number, abort: AbortSignal): Promise<void> {
  abort.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(abort.reason as Error);
    };
    const timer = setTimeout(() => {
      abort.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    abort.addEventListener("abort", onAbort, { once: true });
  });
}
