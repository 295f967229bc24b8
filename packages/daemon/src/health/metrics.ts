/**
 * Counters, gauges and histograms in Prometheus' text exposition format (version 0.0.4).
 *
 * Bounded: a metric has at most `SERIES_MAX` label sets; further ones are folded into one named "other", so that a label
 * made from data cannot eat the memory.
 */
export type Labels = Readonly<Record<string, string>>;

export const SERIES_MAX = 200;

/** Seconds; from a fast local step to the longest worker limit (28 min). */
export const DURATION_BUCKETS_S = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300, 1800] as const;

type Kind = "counter" | "gauge" | "histogram";

interface Series {
  readonly labels: Labels;
  value: number;
  readonly buckets: number[];
  count: number;
}

interface Metric {
  readonly name: string;
  readonly kind: Kind;
  help: string;
  readonly series: Map<string, Series>;
}

export class Metrics {
  readonly #metrics = new Map<string, Metric>();
  readonly #collectors: (() => void)[] = [];

  /** Names the metric before its first value; the text stands in the HELP line. */
  describe(name: string, kind: Kind, help: string): void {
    this.#metric(name, kind).help = help;
  }

  count(name: string, labels: Labels = {}, by = 1): void {
    if (!(by >= 0)) throw new Error(`a counter only grows: kloros_${name} by ${String(by)}`);
    this.#series(name, "counter", labels).value += by;
  }

  /** For totals that somebody else counts (the kernel's CPU time). */
  setCounter(name: string, total: number, labels: Labels = {}): void {
    this.#series(name, "counter", labels).value = total;
  }

  gauge(name: string, value: number, labels: Labels = {}): void {
    this.#series(name, "gauge", labels).value = value;
  }

  /** `value` in seconds. */
  observe(name: string, value: number, labels: Labels = {}): void {
    const series = this.#series(name, "histogram", labels);
    series.value += value;
    series.count += 1;
    DURATION_BUCKETS_S.forEach((limit, index) => {
      if (value <= limit) series.buckets[index] = (series.buckets[index] ?? 0) + 1;
    });
  }

  /** Called before each rendering: for values that are read, not counted. */
  collect(collector: () => void): void {
    this.#collectors.push(collector);
  }

  /** The current value of one counter or gauge; 0 when it has none. */
  value(name: string, labels: Labels = {}): number {
    return this.#metrics.get(fullName(name))?.series.get(keyOf(labels))?.value ?? 0;
  }

  render(): string {
    for (const collector of this.#collectors) collector();
    const names = [...this.#metrics.keys()].toSorted();
    return names.flatMap((name) => renderMetric(this.#metrics.get(name))).join("");
  }

  #metric(name: string, kind: Kind): Metric {
    const full = fullName(name);
    const known = this.#metrics.get(full);
    if (known !== undefined) {
      if (known.kind !== kind) throw new Error(`${full} is a ${known.kind}, it cannot be used as a ${kind}`);
      return known;
    }
    const metric: Metric = { name: full, kind, help: "", series: new Map() };
    this.#metrics.set(full, metric);
    return metric;
  }

  #series(name: string, kind: Kind, labels: Labels): Series {
    const metric = this.#metric(name, kind);
    const known = metric.series.get(keyOf(labels));
    if (known !== undefined) return known;
    const bounded = metric.series.size < SERIES_MAX ? labels : mapValues(labels, () => "other");
    const key = keyOf(bounded);
    const existing = metric.series.get(key);
    if (existing !== undefined) return existing;
    checkLabels(metric.name, bounded);
    const series: Series = { labels: bounded, value: 0, buckets: DURATION_BUCKETS_S.map(() => 0), count: 0 };
    metric.series.set(key, series);
    return series;
  }
}

function mapValues(labels: Labels, to: (value: string) => string): Labels {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, to(value)]));
}

function fullName(name: string): string {
  const full = `kloros_${name}`;
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(full)) {
    throw new Error(`${JSON.stringify(name)} is no metric name; use letters, digits and underscores`);
  }
  return full;
}

function checkLabels(metric: string, labels: Labels): void {
  for (const name of Object.keys(labels)) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || name === "le") {
      throw new Error(
        `${JSON.stringify(name)} is no label name for ${metric}; use letters, digits and underscores`,
      );
    }
  }
}

function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

function renderMetric(metric: Metric | undefined): readonly string[] {
  if (metric === undefined || metric.series.size === 0) return [];
  const help = metric.help === "" ? metric.name.replaceAll("_", " ") : metric.help;
  const lines = [`# HELP ${metric.name} ${escapeHelp(help)}\n`, `# TYPE ${metric.name} ${metric.kind}\n`];
  for (const series of metric.series.values()) {
    if (metric.kind === "histogram") lines.push(...renderHistogram(metric.name, series));
    else lines.push(`${metric.name}${renderLabels(series.labels)} ${renderNumber(series.value)}\n`);
  }
  return lines;
}

function renderHistogram(name: string, series: Series): readonly string[] {
  const buckets = DURATION_BUCKETS_S.map((limit, index) => {
    const labels = renderLabels({ ...series.labels, le: String(limit) });
    return `${name}_bucket${labels} ${String(series.buckets[index] ?? 0)}\n`;
  });
  return [
    ...buckets,
    `${name}_bucket${renderLabels({ ...series.labels, le: "+Inf" })} ${String(series.count)}\n`,
    `${name}_sum${renderLabels(series.labels)} ${renderNumber(series.value)}\n`,
    `${name}_count${renderLabels(series.labels)} ${String(series.count)}\n`,
  ];
}

function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function renderNumber(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return String(value);
}
