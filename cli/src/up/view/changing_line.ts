/**
 * What goes on for long, in one line: on a terminal the line changes in place and makes way for all others; elsewhere it is
 * said again now and then, and when it begins to be about something else.
 */
const REDRAW_MS = 100;
const REPEAT_MS = 2000;
const CLEAR = "\r\u001b[2K";

export interface ChangingLineOptions {
  readonly write: (text: string) => void;
  readonly nowMs: () => number;
  /** Of the terminal; undefined where there is none. */
  readonly columns: (() => number) | undefined;
  /** Colours; counted by no width. */
  readonly style?: (text: string) => string;
}

export class ChangingLine {
  readonly #options: ChangingLineOptions;
  #lastMs = Number.NEGATIVE_INFINITY;
  #about: string | undefined;
  #shown = "";

  constructor(options: ChangingLineOptions) {
    this.#options = options;
  }

  /** `about`: what it is that goes on. */
  show(about: string, text: string): void {
    const { columns, write, nowMs, style = (plain) => plain } = this.#options;
    const now = nowMs();
    const same = about === this.#about;
    if (same && now - this.#lastMs < (columns === undefined ? REPEAT_MS : REDRAW_MS)) return;
    this.#about = about;
    this.#lastMs = now;
    if (columns === undefined) {
      write(`${style(text)}\n`);
      return;
    }
    this.#shown = style(text.slice(0, Math.max(10, columns() - 1)));
    write(`${CLEAR}${this.#shown}`);
  }

  /** Writes a line that stays, above this one. */
  above(line: string): void {
    const { write } = this.#options;
    write(this.#shown === "" ? `${line}\n` : `${CLEAR}${line}\n${this.#shown}`);
  }

  /** It goes on no more. */
  end(): void {
    if (this.#shown !== "") this.#options.write(CLEAR);
    this.#shown = "";
    this.#about = undefined;
  }
}
