/**
 * An endpoint of the bus: bound, looked at now and then, bound again when it is not ours any more.
 *
 * Invariant: what is wrong with it is said once, and so is that it is over; so whoever counts both knows what cannot be used now.
 */
import type { BoundEndpoint } from "./machine.ts";
import type { ServerEvent } from "./server_event.ts";

export type EndpointEvent = Extract<ServerEvent, { event: "bound" | "socketFile" | "trouble" }>;

export interface KeptEndpointOptions {
  /** As asked for. */
  readonly endpoint: string;
  readonly bind: () => BoundEndpoint;
  readonly tell: (event: EndpointEvent) => void;
}

export class KeptEndpoint {
  readonly #options: KeptEndpointOptions;
  #bound: BoundEndpoint | undefined;
  #troubled = false;

  constructor(options: KeptEndpointOptions) {
    this.#options = options;
  }

  /** As bound: a port 0 has become a number. Undefined: it is not bound. */
  get bound(): string | undefined {
    return this.#bound?.endpoint;
  }

  /** Throws when that fails. */
  bind(): void {
    this.#bound = this.#options.bind();
    this.#options.tell({ event: "bound", endpoint: this.#options.endpoint, as: this.#bound.endpoint });
  }

  /** Binds what is not bound. Never throws: what fails is tried again at each look. */
  look(): void {
    const { endpoint, tell } = this.#options;
    try {
      if (this.#bound === undefined) this.bind();
      else this.#check(this.#bound);
      this.#troubled = false;
    } catch (error) {
      if (!this.#troubled) tell({ event: "trouble", endpoint, error });
      this.#troubled = true;
    }
  }

  #check(bound: BoundEndpoint): void {
    const { endpoint, tell } = this.#options;
    const what = bound.check();
    if (what !== undefined) tell({ event: "socketFile", endpoint, what });
    else if (this.#troubled) tell({ event: "bound", endpoint, as: bound.endpoint });
  }
}
