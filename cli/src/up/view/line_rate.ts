/** Lets so many lines through a second and counts the others by name: a backlog must not flood a terminal. */
export interface LineRateOptions {
  readonly perSecond: number;
  readonly nowMs: () => number;
  /** Called before the first line of a new second, with what the seconds before left out. */
  readonly onLeftOut: (counts: ReadonlyMap<string, number>) => void;
}

const WINDOW_MS = 1000;

export class LineRate {
  readonly #options: LineRateOptions;
  #windowMs = Number.NEGATIVE_INFINITY;
  #shown = 0;
  #leftOut = new Map<string, number>();

  constructor(options: LineRateOptions) {
    this.#options = options;
  }

  admits(name: string): boolean {
    const now = this.#options.nowMs();
    if (now - this.#windowMs >= WINDOW_MS) {
      this.#windowMs = now;
      this.#shown = 0;
      const leftOut = this.takeLeftOut();
      if (leftOut.size > 0) this.#options.onLeftOut(leftOut);
    }
    this.#shown += 1;
    if (this.#shown <= this.#options.perSecond) return true;
    this.#leftOut.set(name, (this.#leftOut.get(name) ?? 0) + 1);
    return false;
  }

  /** What was left out and not told yet. */
  takeLeftOut(): ReadonlyMap<string, number> {
    const taken = this.#leftOut;
    this.#leftOut = new Map();
    return taken;
  }
}
