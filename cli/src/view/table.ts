/** Columns for people: aligned, cut to the terminal, no borders. Pure. */
import type { Palette } from "./palette.ts";

export interface Column {
  readonly title: string;
  /** Numbers stand right. */
  readonly align?: "left" | "right";
}

export interface TableOptions {
  readonly palette: Palette;
  /** Width that a line may have; the last column is cut. */
  readonly columns: number;
}

const GAP = "  ";

/** Lines with a title line; none for no rows. Cells may be coloured already. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: TableOptions,
): readonly string[] {
  if (rows.length === 0) return [];
  const widths = columns.map(({ title }, index) =>
    Math.max(Bun.stringWidth(title), ...rows.map((row) => Bun.stringWidth(row[index] ?? ""))),
  );
  const line = (cells: readonly string[]): string =>
    fit(
      columns
        .map((column, index) => pad(cells[index] ?? "", widths[index] ?? 0, column))
        .join(GAP)
        .trimEnd(),
      options.columns,
    );
  return [options.palette.faint(line(columns.map(({ title }) => title))), ...rows.map(line)];
}

function pad(cell: string, width: number, { align }: Column): string {
  const space = " ".repeat(Math.max(0, width - Bun.stringWidth(cell)));
  return align === "right" ? `${space}${cell}` : `${cell}${space}`;
}

const ESCAPE = /\p{Cc}\[[0-9;]*m/uy;

/** Cuts what is wider than `columns`, counting no colours and keeping their end. */
export function fit(line: string, columns: number): string {
  if (Bun.stringWidth(line) <= columns) return line;
  let shown = "";
  let width = 0;
  let coloured = false;
  for (let at = 0; at < line.length;) {
    ESCAPE.lastIndex = at;
    const escape = ESCAPE.exec(line)?.[0];
    if (escape !== undefined) {
      shown += escape;
      coloured = escape !== "\u001b[0m";
      at += escape.length;
      continue;
    }
    const character = String.fromCodePoint(line.codePointAt(at) ?? 0);
    const wide = Bun.stringWidth(character);
    if (width + wide > columns - 1) break;
    shown += character;
    width += wide;
    at += character.length;
  }
  return `${shown}…${coloured ? "\u001b[0m" : ""}`;
}
