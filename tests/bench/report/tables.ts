/** Figures and ratios as rows of text: the terminal and the page show the same. */
import { type BenchReport, meets, type Ratio } from "../bench.ts";
import { median } from "../house/statistics.ts";
import { formatNumber, formatValue } from "./numbers.ts";

export const FIGURE_HEADER = ["figure", "of", "median", "min", "max", "runs"] as const;
export const RATIO_HEADER = ["ratio", "value", "wanted", ""] as const;

export function figureRows({ figures }: BenchReport): string[][] {
  return figures.map(({ what, subject, unit, values }) => [
    what,
    subject,
    ...[median(values), Math.min(...values), Math.max(...values)].map((value) => formatValue(value, unit)),
    String(values.length),
  ]);
}

export function ratioRows({ ratios }: BenchReport): string[][] {
  return ratios.map((ratio) => [
    ratio.text,
    formatValue(ratio.value, ratio.unit ?? ""),
    wantedText(ratio),
    verdict(ratio),
  ]);
}

function wantedText({ wanted, unit = "" }: Ratio): string {
  if (wanted === undefined) return "";
  const [sign, limit] = "atLeast" in wanted ? ["≥", wanted.atLeast] : ["≤", wanted.atMost];
  return unit === "" ? `${sign} ${String(limit)}` : `${sign} ${formatNumber(limit)} ${unit}`;
}

function verdict(ratio: Ratio): string {
  const met = meets(ratio);
  return met === undefined ? "" : met ? "met" : "not met";
}

/** Columns of equal width, for a terminal. */
export function plainTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd())
    .join("\n");
}

export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((name, column) =>
    Math.max(3, name.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [
    line(header),
    `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`,
    ...rows.map(line),
  ].join("\n");
}
