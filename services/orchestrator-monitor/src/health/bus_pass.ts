/**
 * One pass over the bus's books for all the probes that need them.
 *
 * `status` counts every signal of the journal, so a large one is asked for its status less often: a two-hundredth of the
 * time at most. `consumers` costs nothing while nothing is open.
 */
import type { Clock, ServiceContext } from "@kloros/daemon";

type Bus = Pick<ServiceContext["bus"], "state" | "admin">;

/** What the probes use of it; the bus says more. */
export interface BusBooks {
  readonly consumers: readonly ConsumerBook[];
  /** False: `status` is what was read before. */
  readonly statusIsNew: boolean;
  readonly status: {
    readonly pid: number;
    readonly lastSeq: number;
    /** Those that nobody dealt with; reports do not count. */
    readonly deadLetters: number;
    readonly sessions: readonly { readonly service: string; readonly pid: number }[];
  };
}

export interface ConsumerBook {
  readonly name: string;
  readonly holderPid: number | null;
  /** Ready, waiting or in work. */
  readonly open: number;
  /** Age of the oldest open one, ms; null when none. */
  readonly oldestAgeMs: number | null;
}

/** Undefined: the bus cannot be asked now. */
export type BusPass = () => Promise<BusBooks | undefined>;

/** The status may take this share of the time: 1 in so many. */
const STATUS_REST = 200;

/** `maxAgeMs`: what was read before may be so old. */
export function createBusPass(bus: Bus, clock: Clock, maxAgeMs: number): BusPass {
  let shared: Promise<BusBooks | undefined> | undefined;
  let sharedAt = 0;
  let status: BusBooks["status"] | undefined;
  let statusFrom = 0;

  async function currentStatus(): Promise<Pick<BusBooks, "status" | "statusIsNew">> {
    if (status !== undefined && clock.monotonicMs() < statusFrom) return { status, statusIsNew: false };
    const beganAt = clock.monotonicMs();
    status = await bus.admin("status", {});
    const endedAt = clock.monotonicMs();
    statusFrom = endedAt + (endedAt - beganAt) * STATUS_REST;
    return { status, statusIsNew: true };
  }
  async function read(): Promise<BusBooks | undefined> {
    if (bus.state !== "connected") return undefined;
    try {
      const consumers = await bus.admin("consumers", {});
      return { consumers, ...(await currentStatus()) };
    } catch (error) {
      if (isAway(error) || bus.state !== "connected") return undefined;
      throw error;
    }
  }
  return () => {
    const now = clock.monotonicMs();
    if (shared === undefined || now - sharedAt > maxAgeMs) {
      sharedAt = now;
      shared = read();
    }
    return shared;
  };
}

function isAway(error: unknown): boolean {
  return error instanceof Error && error.name === "RetryableError";
}
