/** What the server is given. */
import type { Broker } from "@kloros/journal";
import type { IdentityPolicy } from "./identity.ts";
import type { ServerLimits } from "./limits.ts";
import type { ServerMachine } from "./machine.ts";
import type { ServerEvent } from "./server_event.ts";

export type ServerBroker = Pick<Broker, "open" | "admin" | "read" | "onLive" | "flush">;

export interface BusServerOptions {
  /** Opened with `autoFlush: false`: the main loop commits after it drained the input. */
  readonly broker: ServerBroker;
  /** `ipc://…`; the kernel's peer credentials exist only there. */
  readonly endpoint: string;
  readonly liveEndpoints: readonly string[];
  readonly liveSingleFrameEndpoints?: readonly string[];
  /** Default: everyone who may connect may speak for any service. */
  readonly servicesOf?: IdentityPolicy["servicesOf"];
  readonly limits?: Partial<ServerLimits>;
  readonly onEvent?: (event: ServerEvent) => void;
  /** Default: this one. */
  readonly machine?: ServerMachine;
}
