import type { Ambient } from "./ambient.ts";
import { BusClient } from "./bus_client.ts";
import { LINK_TIMING, type LinkTiming } from "./bus_connection.ts";
import { PUBLISHER_LIMITS, type PublisherLimits } from "./publisher.ts";
import type { Sockets } from "./sockets.ts";
import type { Bus } from "./types.ts";
import { ZmqLink } from "./zmq_link.ts";

export interface BusOverOptions {
  readonly service: string;
  readonly instance: string;
  readonly endpoint: string;
  readonly liveEndpoint?: string | undefined;
  readonly timing?: Partial<LinkTiming> | undefined;
  readonly publisher?: Partial<PublisherLimits> | undefined;
  /** After the last socket is closed. */
  readonly onClosed?: () => Promise<void>;
}

/** The bus client of a bus in another process, over sockets, time and randomness of the caller's. */
export function busOver(sockets: Sockets, ambient: Ambient, options: BusOverOptions): Bus {
  const { service, instance, endpoint, liveEndpoint, onClosed = () => Promise.resolve() } = options;
  const timing = { ...LINK_TIMING, ...options.timing };
  const link = new ZmqLink({
    endpoint,
    liveEndpoint,
    service,
    instance,
    ambient,
    sockets,
    timing,
    onClosed,
  });
  return new BusClient(link, ambient, { ...PUBLISHER_LIMITS, ...options.publisher });
}
