/**
 * The live feed: read-only, best effort, for taps, dashboards and foreign subscribers.
 *
 * XPUB tells who subscribes to what, so that a signal that nobody wants costs no call into libzmq.
 */
import type { ZmqSocket } from "@kloros/zmq";
import { type EndpointEvent, KeptEndpoint } from "./kept_endpoint.ts";
import { realMachine, type ServerMachine } from "./machine.ts";

export interface LiveFeedOptions {
  /** Two frames: `[signal name][envelope]`. */
  readonly endpoints: readonly string[];
  /** One frame, the envelope alone, for subscribers that call `recv_json()`. */
  readonly singleFrameEndpoints: readonly string[];
  /** An endpoint that is not ours (yet) is tried again at each `check`. */
  readonly onEvent: (event: EndpointEvent) => void;
  /** Default: this one. */
  readonly machine?: Pick<ServerMachine, "open" | "bind">;
}

/** Signals that may wait for a slow subscriber; then it loses some, nobody else does. */
const HIGH_WATER_MARK = 10_000;
/** First byte of what an XPUB receives. */
const SUBSCRIBE = 1;

/** One XPUB and the prefixes that somebody subscribes to. */
class Feed {
  readonly socket: ZmqSocket;
  /** As Latin-1, so that any bytes make a key. libzmq tells of the first and the last subscriber of each. */
  readonly #prefixes = new Set<string>();

  constructor(machine: Pick<ServerMachine, "open">) {
    this.socket = machine.open("xpub", { sendHighWaterMark: HIGH_WATER_MARK });
  }

  /** Takes subscriptions. Anything else that a subscriber sends is ignored. */
  drain(): void {
    for (let message = this.socket.receive(); message !== undefined; message = this.socket.receive()) {
      const [frame] = message.frames;
      if (frame === undefined || frame.length === 0) continue;
      const prefix = Buffer.from(frame.subarray(1)).toString("latin1");
      if (frame[0] === SUBSCRIBE) this.#prefixes.add(prefix);
      else this.#prefixes.delete(prefix);
    }
  }

  get wanted(): boolean {
    return this.#prefixes.size > 0;
  }

  wants(name: string): boolean {
    for (const prefix of this.#prefixes) if (name.startsWith(prefix)) return true;
    return false;
  }
}

export class LiveFeed {
  readonly #named: Feed;
  readonly #single: Feed | undefined;
  readonly #endpoints: readonly KeptEndpoint[];

  constructor({ endpoints, singleFrameEndpoints, onEvent, machine = realMachine }: LiveFeedOptions) {
    const keep = ({ socket }: Feed, endpoint: string): KeptEndpoint =>
      new KeptEndpoint({ endpoint, bind: () => machine.bind(socket, endpoint), tell: onEvent });
    const named = new Feed(machine);
    const single = singleFrameEndpoints.length === 0 ? undefined : new Feed(machine);
    this.#named = named;
    this.#single = single;
    this.#endpoints = [
      ...endpoints.map((endpoint) => keep(named, endpoint)),
      ...(single === undefined ? [] : singleFrameEndpoints.map((endpoint) => keep(single, endpoint))),
    ];
    this.check();
  }

  /** To be polled for subscriptions. */
  get sockets(): readonly ZmqSocket[] {
    return this.#single === undefined ? [this.#named.socket] : [this.#named.socket, this.#single.socket];
  }

  /** Endpoints as bound (a port 0 has become a number). */
  get bound(): readonly string[] {
    return this.#endpoints.flatMap(({ bound }) => bound ?? []);
  }

  drain(): void {
    this.#named.drain();
    this.#single?.drain();
  }

  announce(name: string, body: string): void {
    if (this.#named.wants(name)) this.#named.socket.send([name, body]);
    // Here a filter looks at the body's first bytes: libzmq does it.
    if (this.#single?.wanted === true) this.#single.socket.send([body]);
  }

  /** Binds what is not bound; a busy port must not stop the bus, and may become free. */
  check(): void {
    for (const endpoint of this.#endpoints) endpoint.look();
  }

  close(): void {
    for (const socket of this.sockets) socket.close();
  }
}
