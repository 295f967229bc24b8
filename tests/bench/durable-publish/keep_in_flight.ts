export interface Load {
  /** Number of the first signal. */
  readonly from: number;
  readonly count: number;
  /** Signals under way at once, at most. */
  readonly inFlight: number;
  /** Signals a call. */
  readonly chunk: number;
}

/** Keeps as many calls under way as the load says, until all its signals were acknowledged. */
export async function keepInFlight(
  { from, count, inFlight, chunk }: Load,
  publish: (from: number, count: number) => Promise<void>,
): Promise<void> {
  let next = from;
  const end = from + count;
  const worker = async (): Promise<void> => {
    while (next < end) {
      const first = next;
      next = Math.min(end, first + chunk);
      await publish(first, next - first);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.floor(inFlight / chunk)) }, worker));
}
