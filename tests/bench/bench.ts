/** What a benchmark is, and what it says. */
import type { Scratch } from "./house/scratch.ts";

export interface BenchContext {
  /** Fewer signals and repetitions: to see that it works, not to compare. */
  readonly quick: boolean;
  /** Directory, child processes: all given back when the benchmark ends, however it ends. */
  readonly scratch: Scratch;
  /** Progress, one line. */
  readonly say: (text: string) => void;
}

export type Unit = "1/s" | "ms" | "µs" | "s" | "MB" | "%" | "";

/** One measured quantity of one subject, a value for each repetition. */
export interface Figure {
  readonly subject: string;
  readonly what: string;
  readonly unit: Unit;
  readonly values: readonly number[];
}

/** A relation of two figures' medians (or of one to a limit) with what the design asks of it. */
export interface Ratio {
  readonly text: string;
  readonly value: number;
  readonly unit?: Unit;
  /** DESIGN section 6; absent: for orientation. */
  readonly wanted?: { readonly atLeast: number } | { readonly atMost: number };
}

export interface BenchReport {
  readonly figures: readonly Figure[];
  readonly ratios: readonly Ratio[];
  /** Peers that were not there, and what else a reader must know of this run. */
  readonly notes: readonly string[];
}

export interface Bench {
  readonly name: string;
  /** One line. */
  readonly title: string;
  /** How it is measured, prose for BENCHMARKS.md. */
  readonly method: string;
  /** The whole benchmark, ms; beyond it the benchmark is given up. */
  readonly limitMs: number;
  run(context: BenchContext): Promise<BenchReport>;
}

export function meets(ratio: Ratio): boolean | undefined {
  if (ratio.wanted === undefined) return undefined;
  return "atLeast" in ratio.wanted ? ratio.value >= ratio.wanted.atLeast : ratio.value <= ratio.wanted.atMost;
}
