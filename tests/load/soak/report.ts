/** A soak in figures: slopes of the second half, highest values beside their bounds, latencies, and what was wrong. */
import { type Bounds, boundsOf, type SoakPlan } from "./plan.ts";
import { flawsOf } from "./check.ts";
import type { Sample } from "./sample.ts";
import { type Slope, slopeOf } from "./slope.ts";
import type { SoakResult } from "./soak_run.ts";

export interface Series {
  readonly what: string;
  readonly unit: "MB" | "" | "rows";
  readonly first: number;
  readonly last: number;
  /** Of the second half. */
  readonly max: number;
  readonly slope: Slope;
}

export interface SoakReport {
  readonly plan: SoakPlan;
  readonly startedAt: string;
  readonly machine: string;
  readonly bounds: Bounds;
  readonly series: readonly Series[];
  /** Medians of each second's percentiles, and the worst one, ms. */
  readonly latency: Readonly<
    Record<string, { readonly p50: number; readonly p99: number; readonly max: number }>
  >;
  readonly totals: Readonly<Record<string, number>>;
  readonly flaws: readonly string[];
  readonly samples: readonly Sample[];
}

/** A minute holds one round of retention; a short soak has no more than a few of them. */
const BLOCKS = 30;
const BLOCK_MS_MAX = 60_000;

export function reportOf(plan: SoakPlan, result: SoakResult): SoakReport {
  const { samples, counters, verified } = result;
  const names = Object.keys(samples[0]?.processes ?? {});
  const bounds = boundsOf(plan, names.length);
  return {
    plan: { minutes: plan.minutes, signalsPerS: plan.signalsPerS },
    startedAt: new Date(Date.now() - plan.minutes * 60_000).toISOString(),
    machine: `${String(navigator.hardwareConcurrency)} processors, Bun ${Bun.version}`,
    bounds,
    series: seriesOf(samples, names, plan),
    latency: latencyOf(samples, names),
    totals: {
      signals: verified.lastSeq,
      roots: result.roots,
      tapped: result.tapped,
      purged: counters["purged"] ?? 0,
      walEmptied: counters["wal_emptied"] ?? 0,
      lettersPurged: result.lettersPurged,
      unanswered: result.unanswered,
      timeouts: countOf(result, ":done", "policy-engine/trouble"),
      leasesLost: countOf(result, ":gone"),
    },
    flaws: flawsOf(result, bounds),
    samples,
  };
}

function seriesOf(samples: readonly Sample[], names: readonly string[], { minutes }: SoakPlan): Series[] {
  const half = samples.slice(Math.floor(samples.length / 2));
  const blockMs = Math.min(BLOCK_MS_MAX, (minutes * 30_000) / BLOCKS);
  const one = (what: string, unit: Series["unit"], value: (sample: Sample) => number): Series => ({
    what,
    unit,
    first: samples.slice(0, 1).map(value)[0] ?? 0,
    last: samples.slice(-1).map(value)[0] ?? 0,
    max: Math.max(...half.map(value)),
    slope: slopeOf(
      half.map((sample) => ({ atMs: sample.atMs, value: value(sample) })),
      blockMs,
    ),
  });
  const ofProcess = (name: string): Series[] => [
    one(`${name} RSS`, "MB", ({ processes }) => processes[name]?.rssMb ?? 0),
    one(`${name} PSS`, "MB", ({ processes }) => processes[name]?.pssMb ?? 0),
    one(`${name} heap`, "MB", ({ processes }) => processes[name]?.heapMb ?? 0),
    one(`${name} descriptors`, "", ({ processes }) => processes[name]?.fds ?? 0),
  ];
  const { files = {}, rows = {} } = samples[0] ?? {};
  return [
    ...names.flatMap((name) => ofProcess(name)),
    ...Object.keys(files).map((name) => {
      const key = name as keyof Sample["files"];
      return one(name.replace(/Mb$/, ""), "MB", (sample) => sample.files[key]);
    }),
    ...Object.keys(rows).map((name) =>
      one(name, "rows", (sample) => sample.rows[name as keyof Sample["rows"]]),
    ),
  ];
}

function latencyOf(samples: readonly Sample[], names: readonly string[]): SoakReport["latency"] {
  const entries = names.map((name) => {
    const seconds = samples.flatMap(({ processes }) => {
      const one = processes[name];
      return one === undefined || one.count === 0 ? [] : [one];
    });
    const middle = (values: readonly number[]): number =>
      values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
    const figures = {
      p50: middle(seconds.map(({ p50 }) => p50)),
      p99: middle(seconds.map(({ p99 }) => p99)),
      max: Math.max(0, ...seconds.map(({ max }) => max)),
    };
    return [name, figures, seconds.length] as const;
  });
  return Object.fromEntries(entries.filter(([, , n]) => n > 0).map(([name, figures]) => [name, figures]));
}

/** Of all that consumers settled under names that begin and end so. */
function countOf({ ids }: SoakResult, end: string, begin = ""): number {
  const counts = Object.values(ids)
    .flatMap((of) => [...of])
    .filter(([what]) => what.startsWith(begin) && what.endsWith(end))
    .map(([, many]) => many.size);
  return counts.reduce((sum, one) => sum + one, 0);
}
