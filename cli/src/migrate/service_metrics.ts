/** The counters of a service, over its unix socket. */
const TIMEOUT_MS = 2000;

/** Name with labels → value. */
export type MetricValues = ReadonlyMap<string, number>;

/** Rejects when nobody answers. */
export async function askMetrics(socket: string): Promise<MetricValues> {
  const response = await fetch("http://service/metrics", {
    unix: socket,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return parseMetrics(await response.text());
}

function parseMetrics(text: string): MetricValues {
  const values = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line.startsWith("#")) continue;
    const at = line.lastIndexOf(" ");
    if (at > 0) values.set(line.slice(0, at), Number(line.slice(at + 1)));
  }
  return values;
}

/** Over all labels. */
export function sumOf(values: MetricValues, name: string): number {
  return [...values]
    .filter(([key]) => key === name || key.startsWith(`${name}{`))
    .reduce((sum, [, value]) => sum + value, 0);
}
