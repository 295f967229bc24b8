/** The report of a soak as text. */
import type { Series, SoakReport } from "./report.ts";

export function printSoak(report: SoakReport): string {
  const { plan, machine, bounds, totals, latency, flaws } = report;
  return [
    `${String(plan.minutes)} minutes at ${String(plan.signalsPerS)} signals/s, ${machine}`,
    "",
    row("second half", "first", "last", "highest", "slope an hour, 95 %"),
    ...report.series.map((one) => seriesRow(one)),
    "",
    ...Object.entries(latency).map(
      ([name, { p50, p99, max }]) =>
        `publish → handler of ${name}, ms: p50 ${p50.toFixed(2)}, p99 ${p99.toFixed(2)} (medians of each second's), worst ${max.toFixed(0)}`,
    ),
    `totals: ${JSON.stringify(totals)}`,
    `bounds: ${JSON.stringify(bounds)}`,
    flaws.length === 0
      ? "nothing lost, each once, all within bounds"
      : flaws.map((flaw) => `WRONG: ${flaw}`).join("\n"),
  ].join("\n");
}

function seriesRow({ what, unit, first, last, max, slope }: Series): string {
  const digits = unit === "MB" ? 2 : 0;
  const shown = `${slope.perHour.toFixed(2)} ± ${slope.plusMinus.toFixed(2)} ${unit}`;
  return row(
    `${what}${unit === "" ? "" : `, ${unit}`}`,
    first.toFixed(digits),
    last.toFixed(digits),
    max.toFixed(digits),
    shown,
  );
}

function row(...[what = "", ...cells]: readonly string[]): string {
  return [what.padEnd(28), ...cells.map((cell, index) => cell.padStart(index === 3 ? 28 : 12))].join("");
}
