import type { Bus } from "../types.ts";

/** One bus with an empty journal, and clients of it. */
export interface BusFixture {
  /** A client that speaks as `service`. The fixture closes those that are still open. */
  connect(service: string): Bus;
  /** Ends clients and bus, removes what they left. */
  close(): Promise<void>;
}

/** What a transport can do. A missing feature is a stated fact: the suite shows it as skipped, with its name. */
export interface BusFeatures {
  /** Acknowledgement, emits and state in one transaction. */
  readonly atomicCommit: boolean;
  /** A second live instance of a consumer is refused and told the holder's pid. */
  readonly exclusiveConsumers: boolean;
  /** Urgent deliveries overtake waiting normal ones. */
  readonly lanes: boolean;
  /** Live announcements for taps. */
  readonly taps: boolean;
  /** Sender of a signal is checked. */
  readonly identity: boolean;
}
