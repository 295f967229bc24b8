/** What `systemctl status` and `kloros status` show of a service: what it says, and before that why it rests. */
import type { Rest } from "../rest/watch_rest.ts";

export class StatusLine {
  readonly #rest: Pick<Rest, "now"> | undefined;
  readonly #tell: (text: string) => void;
  #own: string;
  #mindsMaintenance = false;
  #told: string | undefined;

  constructor(starting: string, tell: (text: string) => void, rest: Pick<Rest, "now"> | undefined) {
    this.#own = starting;
    this.#tell = tell;
    this.#rest = rest;
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
    return [paused ?? maintenance, this.#own].filter((text) => text !== undefined).join("; ");
  }

  /** Tells it where it is another than was told. */
  tell(): void {
    const { text } = this;
    if (text === this.#told) return;
    this.#told = text;
    this.#tell(text);
  }
}
