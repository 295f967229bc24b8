/**
 * What `systemctl status` and `kloros status` show of a service: why it rests or waits, what it says itself, and what it did
 * lately.
 */
import type { Rest } from "../rest/watch_rest.ts";

export const NOTHING_TO_SAY = "ready";

export interface Surroundings {
  /** What it waits for. */
  readonly waits?: () => string | undefined;
  readonly activity?: () => string | undefined;
}

export class StatusLine {
  readonly #rest: Pick<Rest, "now"> | undefined;
  readonly #tell: (text: string) => void;
  readonly #around: Surroundings;
  #own: string;
  #mindsMaintenance = false;
  #told: string | undefined;

  constructor(
    starting: string,
    tell: (text: string) => void,
    rest: Pick<Rest, "now"> | undefined,
    around: Surroundings = {},
  ) {
    this.#own = starting;
    this.#tell = tell;
    this.#rest = rest;
    this.#around = around;
  }

  /** What the service itself said last. */
  get own(): string {
    return this.#own;
  }

  set own(text: string) {
    this.#own = text;
    this.tell();
  }

  /** It has something that waits while maintenance mode is on. */
  mindMaintenance(): void {
    if (this.#mindsMaintenance) return;
    this.#mindsMaintenance = true;
    this.tell();
  }

  /** Why it rests, by the name of the reason; empty when it does not. */
  get resting(): { readonly paused?: string; readonly maintenance?: string } {
    const { paused, maintenance } = this.#rest?.now ?? {};
    return {
      ...(paused === undefined ? {} : { paused }),
      ...(maintenance === undefined || !this.#mindsMaintenance ? {} : { maintenance }),
    };
  }

  get text(): string {
    const { paused, maintenance } = this.resting;
    const activity = this.#around.activity?.();
    // Whoever has nothing of its own to say is ready, which goes without saying.
    const own = this.#own === NOTHING_TO_SAY && activity !== undefined ? undefined : this.#own;
    return [paused ?? maintenance, this.#around.waits?.(), own, activity]
      .filter((text) => text !== undefined)
      .join("; ");
  }

  /** Tells it where it is another than was told. */
  tell(): void {
    const { text } = this;
    if (text === this.#told) return;
    this.#told = text;
    this.#tell(text);
  }
}
