/** Waits `ms`. Rejects with the reason of `abort`. */
export async function pause(ms: number, abort: AbortSignal): Promise<void> {
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
