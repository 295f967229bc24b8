/** Time and randomness, handed in so that tests and simulations own them. */
export interface Ambient {
  /** Monotonic, ms. */
  monotonicMs(): number;
  /** 0 ≤ x < 1. */
  random(): number;
  /** Calls `task` once after `delayMs`; returns its cancellation. */
  after(delayMs: number, task: () => void): () => void;
}

/** The process's own clock. Its timers keep the process alive: who waits for a bus that is away must not end for that. */
export const systemAmbient: Ambient = {
  monotonicMs: () => performance.now(),
  random: () => Math.random(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Exponential with full jitter in its upper half: attempt 0 waits ½…1 × `firstMs`. */
export function backoffMs(attempt: number, random: number, options: BackoffOptions): number {
  const whole = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(attempt, 30));
  return whole / 2 + (whole / 2) * random;
}
