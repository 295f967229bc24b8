/** Passes on the newest of many values, at most one in `intervalMs` and one at a time; what comes between is dropped. */
export interface SeldomOptions<T> {
  readonly intervalMs: number;
  readonly monotonicMs: () => number;
  /** May take its time (the bus is away): nothing else is told meanwhile. */
  readonly tell: (value: T) => Promise<void>;
}

export function tellSeldom<T>({ intervalMs, monotonicMs, tell }: SeldomOptions<T>): (value: T) => void {
  let lastMs = -Infinity;
  let busy = false;
  return (value) => {
    const nowMs = monotonicMs();
    if (busy || nowMs - lastMs < intervalMs) return;
    lastMs = nowMs;
    busy = true;
    // Progress is best effort; what ends the telling ends the service, too.
    tell(value)
      .catch(() => undefined)
      .finally(() => {
        busy = false;
      });
  };
}
