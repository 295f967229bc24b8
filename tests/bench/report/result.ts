import type { Bench, BenchReport } from "../bench.ts";
import type { Machine } from "../house/machine.ts";

/** One run of one benchmark: what `--json` prints and `--record` keeps. */
export interface Result extends BenchReport {
  readonly bench: string;
  /** UTC. */
  readonly at: string;
  readonly tookS: number;
  readonly machine: Machine;
}

export function makeResult(
  { name }: Bench,
  report: BenchReport,
  {
    machine,
    startedAt,
    endedAt,
  }: { readonly machine: Machine; readonly startedAt: number; readonly endedAt: number },
): Result {
  return {
    bench: name,
    at: new Date(startedAt).toISOString(),
    tookS: Math.round((endedAt - startedAt) / 1000),
    machine,
    ...report,
  };
}
