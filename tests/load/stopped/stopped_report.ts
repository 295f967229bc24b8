/** The run with two consumers away beside the one in which all run: figures, and what is wrong. */
import { CONSUMERS, type RunFigures, type StoppedPlan } from "./stopped_run.ts";

/** Whatever waits: runtime, SQLite's caches, the loop guard, windows and credits of four clients; all of it has a limit. */
const BUS_PEAK_MB_MAX = 320;

export interface StoppedReport {
  readonly plan: StoppedPlan;
  readonly baseline: RunFigures;
  readonly away: RunFigures;
  readonly flaws: readonly string[];
}

export function stoppedReport(plan: StoppedPlan, baseline: RunFigures, away: RunFigures): StoppedReport {
  const flaws = [...flawsOf("all run", baseline), ...flawsOf("two are away", away)];
  return { plan, baseline, away, flaws };
}

function flawsOf(when: string, { busPeakMb, consumers, auditOk, audit }: RunFigures): string[] {
  const [awake] = CONSUMERS;
  const flaws = CONSUMERS.flatMap((name) => {
    const { doubled, disorder, gone } = consumers[name];
    return [
      ...(doubled === 0 ? [] : [`${name} settled ${String(doubled)} more than once`]),
      ...(disorder === 0 ? [] : [`${name} saw ${String(disorder)} behind a later one of their lane`]),
      ...(gone === 0 || name !== awake ? [] : [`${name} lost ${String(gone)} leases`]),
    ];
  });
  if (busPeakMb.end > BUS_PEAK_MB_MAX)
    flaws.push(`the bus had ${busPeakMb.end.toFixed(0)} MB, bound ${String(BUS_PEAK_MB_MAX)}`);
  if (!auditOk) flaws.push(`audit: ${audit.slice(0, 5).join("; ")}`);
  return flaws.map((flaw) => `${when}: ${flaw}`);
}

export function printStopped({ plan, baseline, away, flaws }: StoppedReport): string {
  const [awake] = CONSUMERS;
  const line = (when: string, run: RunFigures): string => {
    const { warm, loaded, end } = run.busPeakMb;
    const { p50, p99, max } = run.awake;
    return (
      `${when.padEnd(14)}bus at most ${warm.toFixed(0)} MB warm, ${loaded.toFixed(0)} loaded, ${end.toFixed(0)} at the end; ` +
      `${awake} during the load p50 ${p50.toFixed(2)}, p99 ${p99.toFixed(2)}, worst ${max.toFixed(0)} ms; published in ${run.publishS.toFixed(1)} s`
    );
  };
  return [
    `${String(plan.signals)} signals, ${String(plan.signalsPerS)}/s`,
    line("all run", baseline),
    line("two are away", away),
    ...Object.entries(away.catchUpS).map(([name, s]) => `${name} caught up in ${s.toFixed(1)} s`),
    `leases lost while it stood still: ${String(away.consumers["semantic-dedup"].gone)}`,
    flaws.length === 0
      ? "all settled once, in order, audit clean"
      : flaws.map((flaw) => `WRONG: ${flaw}`).join("\n"),
  ].join("\n");
}
