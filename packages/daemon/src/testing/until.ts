/** Waits until `condition` gives something, looking every 5 ms; throws after `limitMs`. */
export async function until<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  { limitMs = 5000 }: { readonly limitMs?: number } = {},
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`waited ${String(limitMs)} ms in vain for ${what}`);
    await Bun.sleep(5);
  }
}
