import type { Bench } from "../bench.ts";
import type { Result } from "./result.ts";
import { FIGURE_HEADER, figureRows, plainTable, RATIO_HEADER, ratioRows } from "./tables.ts";

export function printResult({ name, title }: Bench, result: Result): void {
  console.log(`\n${name}: ${title}  (${String(result.tookS)} s)`);
  if (result.figures.length > 0) console.log(plainTable(FIGURE_HEADER, figureRows(result)));
  if (result.ratios.length > 0) console.log(`\n${plainTable(RATIO_HEADER, ratioRows(result))}`);
  for (const note of result.notes) console.log(`  note: ${note}`);
}
