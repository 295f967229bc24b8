/** The timestamps of an installation's own files: local, without a zone. Two of them order as texts do. */

/**
 * Local time without a zone, with microseconds: `2026-11-23T02:02:33.720716`. Records are looked up by this very text.
 * @param wallUs Wall clock, UTC microseconds.
 */
export function localNaiveIso(wallUs: number): string {
  const date = new Date(Math.floor(wallUs / 1000));
  const day = `${padded(date.getFullYear(), 4)}-${padded(date.getMonth() + 1)}-${padded(date.getDate())}`;
  const time = `${padded(date.getHours())}:${padded(date.getMinutes())}:${padded(date.getSeconds())}`;
  return `${day}T${time}.${padded(wallUs - Math.floor(wallUs / 1_000_000) * 1_000_000, 6)}`;
}

function padded(value: number, digits = 2): string {
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
