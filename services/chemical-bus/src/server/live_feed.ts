/** The live feed: read-only, best effort, for taps, dashboards and foreign subscribers. */
import { openSocket, type ZmqSocket } from "@kloros/zmq";
import { SocketFile } from "./socket_file.ts";

export interface LiveFeedOptions {
  /** Two frames: `[signal name][envelope]`. */
  readonly endpoints: readonly string[];
  /** One frame, the envelope alone, for subscribers that call `recv_json()`. */
  readonly singleFrameEndpoints: readonly string[];
  /** An endpoint that is not ours (yet): told once, tried again at each `check`. */
  readonly onTrouble: (endpoint: string, error: unknown) => void;
  readonly onFile: (endpoint: string, event: "deleted" | "stolen") => void;
  readonly onBound: (endpoint: string) => void;
}

/** Signals that may wait for a slow subscriber; then it loses some, nobody else does. */
const HIGH_WATER_MARK = 10_000;

interface Endpoint {
  readonly socket: ZmqSocket;
  readonly endpoint: string;
  file: SocketFile | undefined;
  told: boolean;
}

export class LiveFeed {
  readonly #options: LiveFeedOptions;
  readonly #named = openSocket("pub", { sendHighWaterMark: HIGH_WATER_MARK });
  readonly #single: ZmqSocket | undefined;
  readonly #endpoints: readonly Endpoint[];

  constructor(options: LiveFeedOptions) {
    this.#options = options;
    const single =
      options.singleFrameEndpoints.length === 0
        ? undefined
        : openSocket("pub", { sendHighWaterMark: HIGH_WATER_MARK });
    this.#single = single;
    this.#endpoints = [
      ...options.endpoints.map((endpoint) => ({ socket: this.#named, endpoint })),
      ...options.singleFrameEndpoints.flatMap((endpoint) =>
        single === undefined ? [] : [{ socket: single, endpoint }],
      ),
    ].map((one) => ({ ...one, file: undefined, told: false }));
    this.check();
  }

  /** Endpoints as bound (a port 0 has become a number). */
  get bound(): readonly string[] {
    return this.#endpoints.flatMap(({ file }) => (file === undefined ? [] : [file.endpoint]));
  }

  announce(name: string, body: string): void {
    this.#named.send([name, body]);
    this.#single?.send([body]);
  }

  /** Binds what is not bound; a busy port must not stop the bus, and may become free. */
  check(): void {
    for (const one of this.#endpoints) {
      try {
        this.#look(one);
        one.told = false;
      } catch (error) {
        if (!one.told) this.#options.onTrouble(one.endpoint, error);
        one.told = true;
      }
    }
  }

  close(): void {
    this.#named.close();
    this.#single?.close();
  }

  #look(one: Endpoint): void {
    if (one.file === undefined) {
      one.file = new SocketFile(one.socket, one.endpoint);
      this.#options.onBound(one.file.endpoint);
      return;
    }
    const event = one.file.check();
    if (event !== undefined) this.#options.onFile(one.endpoint, event);
  }
}
