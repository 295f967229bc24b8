/** What became of promotions: no signal says it, their directories do. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Directories below that of the promotions, and what it means to be moved there. */
const ENDS = { acknowledged: "is acknowledged", parked: "is parked, cycle after cycle failed" } as const;
/** Notes that stand beside promotions. */
const NOTE = /\.why\.json$|_ack\.json$/;

export class PromotionWatch {
  readonly #directory: string;
  readonly #onEnd: (text: string) => void;
  readonly #known: Set<string>;

  /** What is there already is not told. */
  constructor(directory: string, onEnd: (text: string) => void) {
    this.#directory = directory;
    this.#onEnd = onEnd;
    this.#known = new Set(this.#ended().map(({ path }) => path));
  }

  look(): void {
    for (const { path, text } of this.#ended()) {
      if (this.#known.has(path)) continue;
      this.#known.add(path);
      this.#onEnd(text);
    }
  }

  #ended(): readonly { readonly path: string; readonly text: string }[] {
    return Object.entries(ENDS).flatMap(([end, meaning]) =>
      names(join(this.#directory, end)).map((name) => ({
        path: join(end, name),
        text: `promotion ${name} ${meaning}`,
      })),
    );
  }
}

function names(directory: string): readonly string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith(".json") && !NOTE.test(name));
  } catch {
    return [];
  }
}
