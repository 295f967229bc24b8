import type { Unit } from "../bench.ts";

/** Three digits that matter, thousands apart. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

export function formatValue(value: number, unit: Unit): string {
  if (unit === "") return formatNumber(value);
  return unit === "1/s" ? `${formatNumber(value)}/s` : `${formatNumber(value)} ${unit}`;
}
