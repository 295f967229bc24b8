/** The timestamps of an installation's records. */

/**
 * Local time without a zone, with microseconds: `2026-11-23T02:02:33.720716`. Records are looked up by this very text.
 * @param wallUs Wall clock, UTC microseconds.
 */
export function localNaiveIso(wallUs: number): string {
  const date = new Date(Math.floor(wallUs / 1000));
  const day = `${two(date.getFullYear(), 4)}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day}T${time}.${two(wallUs - Math.floor(wallUs / 1_000_000) * 1_000_000, 6)}`;
}

function two(value: number, digits = 2): string {
  return String(Math.floor(value)).padStart(digits, "0");
}

/** Gives ascending timestamps, never one twice: two investigations in one microsecond stay two records. */
export function createStamps(wallMs: () => number): () => string {
  let lastUs = 0;
  return () => {
    lastUs = Math.max(lastUs + 1, Math.floor(wallMs() * 1000));
    return localNaiveIso(lastUs);
  };
}
