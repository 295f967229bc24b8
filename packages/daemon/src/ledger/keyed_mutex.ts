/** Turns within one process, by key. */
const tails = new Map<string, Promise<void>>();

/**
 * Runs `task` when all earlier tasks of this key have ended; other keys are not held up. A task that throws lets the next
 * one run. Keys without waiting tasks take no memory.
 */
export async function inTurn<T>(key: string, task: () => Promise<T>): Promise<T> {
  const before = tails.get(key) ?? Promise.resolve();
  const run = before.then(task);
  const tail = run.then(
    () => undefined,
    () => undefined,
  );
  tails.set(key, tail);
  try {
    return await run;
  } finally {
    if (tails.get(key) === tail) tails.delete(key);
  }
}
