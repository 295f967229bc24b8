/** The same lines again: over the former ones on a terminal, below them elsewhere. */
import type { Environment } from "../environment.ts";
import type { Session } from "../session.ts";

const CLEAR_ALL = "\u001b[2J";
/** Cursor to the top; after each line, and at the end, what is left of the former picture goes: no flicker. */
const HOME = "\u001b[H";
const REST_OF_LINE = "\u001b[K";
const REST_OF_SCREEN = "\u001b[J";

type View = Pick<Session, "palette"> & {
  readonly environment: Pick<Environment, "out" | "outTerminal" | "rows" | "nowMs">;
};

export class Redraw {
  readonly #view: View;
  #first = true;

  constructor(view: View) {
    this.#view = view;
  }

  /** Resolves when it is written. What does not fit on the terminal is left out, and said. */
  async draw(lines: readonly string[]): Promise<void> {
    const { out, outTerminal, rows, nowMs } = this.#view.environment;
    const moment = new Date(nowMs()).toISOString();
    if (!outTerminal) {
      await out.write(`${[moment, ...lines, ""].join("\n")}\n`);
      return;
    }
    const head = this.#view.palette.faint(`${moment}, Ctrl-C ends it`);
    const shown = fitRows([head, ...lines], rows()).map((line) => `${line}${REST_OF_LINE}`);
    const clear = this.#first ? CLEAR_ALL : "";
    this.#first = false;
    await out.write(`${clear}${HOME}${shown.join("\n")}${REST_OF_SCREEN}\n`);
  }
}

/** The verdict stands at the end and stays; one line of the terminal is left for the cursor. */
const END_LINES = 3;

function fitRows(lines: readonly string[], rows: number): readonly string[] {
  const max = Math.max(END_LINES + 2, rows - 1);
  if (lines.length <= max) return lines;
  const begin = lines.slice(0, max - END_LINES - 1);
  const left = lines.length - begin.length - END_LINES;
  return [...begin, `… ${left} lines more: make the window taller …`, ...lines.slice(-END_LINES)];
}
