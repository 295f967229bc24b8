/**
 * Local time without a zone, with microseconds: `2025-11-08T17:35:14.700000`. This is how the registry's entries and
 * the installation's logs write times; their readers compare such texts.
 */
export function localTimestamp(epochMs: number): string {
  const at = new Date(epochMs);
  const date = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map(padded(2)).join("-");
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(padded(2)).join(":");
  return `${date}T${time}.${padded(3)(at.getMilliseconds())}000`;
}

function padded(width: number): (value: number) => string {
  return (value) => String(value).padStart(width, "0");
}
