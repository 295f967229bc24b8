import type { Identity } from "@kloros/journal";
import { type Ambient, systemAmbient } from "./ambient.ts";
import { busOver } from "./bus_over.ts";
import { BusClient } from "./bus_client.ts";
import { type LocalBroker, LocalLink } from "./local_link.ts";
import { PUBLISHER_LIMITS, type PublisherLimits } from "./publisher.ts";
import { borrowSockets } from "./socket_share.ts";
import type { Bus } from "./types.ts";
import type { LinkTiming } from "./bus_connection.ts";

interface CommonOptions {
  /** The service that speaks: `source` of what it publishes, beginning of its consumers' names. */
  readonly service: string;
  /** Random, one a process start. Default: a new one. */
  readonly instance?: string;
  readonly publisher?: Partial<PublisherLimits>;
  readonly ambient?: Ambient;
}

export interface ConnectOptions extends CommonOptions {
  /** The bus's ROUTER, e.g. `ipc:///run/kloros/bus.sock`. */
  readonly endpoint: string;
  /** The live feed; without it `tap` is refused. */
  readonly liveEndpoint?: string;
  readonly timing?: Partial<LinkTiming>;
}

/**
 * A bus in another process, over ZeroMQ. Returns at once, in state `connecting`, and goes on trying: a bus that is away is
 * waited for. Refused for good: state `closed`, and every call rejects with `DeniedError`.
 */
export function connectBus(options: ConnectOptions): Bus {
  const { sockets, release } = borrowSockets();
  return busOver(sockets, options.ambient ?? systemAmbient, {
    service: options.service,
    instance: options.instance ?? crypto.randomUUID(),
    endpoint: options.endpoint,
    liveEndpoint: options.liveEndpoint,
    timing: options.timing,
    publisher: options.publisher,
    onClosed: release,
  });
}

export interface LocalOptions extends CommonOptions {
  readonly broker: LocalBroker;
  /** Whether this bus drives `broker.tick()` by a timer. Default true; false where the host or a simulation does. */
  readonly ticking?: boolean;
}

/** A bus over a journal in this process: the reference of the contract suite, and everybody's test double. */
export function openLocalBus(options: LocalOptions): Bus {
  const ambient = options.ambient ?? systemAmbient;
  const identity: Identity = { services: "*", uid: process.getuid?.() ?? 0, pid: process.pid };
  const link = new LocalLink(options.broker, {
    info: {
      service: options.service,
      instance: options.instance ?? crypto.randomUUID(),
      pid: process.pid,
      identity,
    },
    ticking: options.ticking ?? true,
  });
  return new BusClient(link, ambient, { ...PUBLISHER_LIMITS, ...options.publisher });
}
