/** What a bus server tells its host: for the log and the metrics. */
import type { SocketFileEvent } from "./socket_file.ts";

interface About {
  readonly service: string;
  readonly pid: number;
}

export type ServerEvent =
  | ({ readonly event: "connected" } & About)
  | ({ readonly event: "ended"; readonly why: string; readonly clean: boolean } & About)
  /** The connection; the client may come back. */
  | ({ readonly event: "lost"; readonly why: string } & About)
  | { readonly event: "denied"; readonly service: string; readonly peer: string; readonly text: string }
  /** A request failed through no fault of its client, whose session ends: it asks again in the next one. */
  | ({ readonly event: "notServed"; readonly text: string } & About)
  /** Frames that are not the protocol. */
  | { readonly event: "garbage"; readonly peer: string; readonly text: string }
  /** The file of a socket was not ours any more, or was given up for a while; it was bound anew. */
  | { readonly event: "socketFile"; readonly endpoint: string; readonly what: SocketFileEvent }
  /** It can be used (again). `endpoint`: as asked for, here and below. */
  | { readonly event: "bound"; readonly endpoint: string; readonly as: string }
  /** An endpoint cannot be used; tried again until it is `bound`, or its `socketFile` is ours. */
  | { readonly event: "trouble"; readonly endpoint: string; readonly error: unknown };
