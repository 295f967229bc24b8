/** What a broker is made with. */
import type { Boot } from "./deadlines/time_away.ts";
import type { JournalDatabase } from "./database.ts";
import type { UpkeepOptions } from "./upkeep/upkeep.ts";

export interface BrokerClock {
  /** UTC, ms. */
  wallMs(): number;
  /** Monotonic, ms. */
  monotonicMs(): number;
  /** Boot of the machine and the time since, to tell how long no broker ran; absent: the wall clock tells. Asked at the start. */
  boot?(): Boot | undefined;
}

export interface BrokerOptions extends UpkeepOptions {
  /** File of the journal, or ":memory:". */
  readonly path: string;
  /** Opens the file. Default: SQLite does. */
  readonly openDatabase?: (path: string) => JournalDatabase;
  readonly clock?: BrokerClock;
  readonly random?: () => number;
  /** Commit by itself soon after an operation arrives (default), or only when the host calls `flush()`. */
  readonly autoFlush?: boolean;
  readonly version?: string;
  /** The journal broke (I/O error, damage): nothing more will be acknowledged; the host must exit. */
  readonly onFatal?: (error: unknown) => void;
}

export const SYSTEM_CLOCK: BrokerClock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
