/** A bound for what never comes, no measure: a busy machine takes seconds over milliseconds. Below a test's limit of 60 s, so that the wait is named. */
const LIMIT_MS = 30_000;

/** Waits until `condition` gives something, looking every 5 ms; throws after `limitMs`. */
export async function until<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  { limitMs = LIMIT_MS }: { readonly limitMs?: number } = {},
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`waited ${String(limitMs)} ms in vain for ${what}`);
    await Bun.sleep(5);
  }
}
