/**
 * The bus's main loop: wait for input, handle all of it, commit, let the results out, look after the house.
 *
 * It blocks in `zmq_poll` instead of waiting for the event loop: that halves the latency. Input ends the wait at once; its limit
 * is only how late everything else of this process (timers, the reader's answers, health) may be.
 */
import type { Broker } from "@kloros/journal";
import { pollSockets } from "@kloros/zmq";
import type { BusServer } from "./bus_server.ts";

export interface RunLoopOptions {
  readonly server: BusServer;
  readonly broker: Pick<Broker, "tick" | "flush">;
  readonly stopping: AbortSignal;
  /** When nothing was said for a second, ms: how late everything but input may be then. Default 100. */
  readonly idleWaitMs?: number;
  /** Monotonic, ms. */
  readonly nowMs?: () => number;
}

/** While an answer of the reader thread is awaited: it comes through the event loop, ms. */
const PENDING_WAIT_MS = 1;
/** In between, ms: retries are that punctual. */
const WAIT_MS = 20;
/** When nothing was said for `QUIET_AFTER_MS`, ms: 10 turns a second cost 0.3 % of a core, 50 cost 0.8. */
const QUIET_WAIT_MS = 100;
const QUIET_AFTER_MS = 1000;
/** Retries and leases are looked at so often, ms (the broker asks for at least 250). */
const TICK_MS = 10;
/** The same while there is always more input: then it is handled first, but not for ever, ms. */
const TICK_MS_MAX = 200;

/** Runs until `stopping` is aborted; the caller then closes server and broker. */
export async function runLoop(options: RunLoopOptions): Promise<void> {
  const { server, broker, stopping, idleWaitMs = QUIET_WAIT_MS, nowMs = () => performance.now() } = options;
  const waitMs = (quiet: boolean): number => {
    if (server.pending > 0) return PENDING_WAIT_MS;
    return quiet ? idleWaitMs : Math.min(WAIT_MS, idleWaitMs);
  };
  let workedAt = nowMs();
  let tickedAt = workedAt;
  let more = false;
  while (!stopping.aborted) {
    const quiet = nowMs() - workedAt > QUIET_AFTER_MS;
    pollSockets(server.sockets, more ? 0 : waitMs(quiet));
    const drained = server.drain();
    more = drained.more;
    const now = nowMs();
    if (drained.worked) workedAt = now;
    if (now - tickedAt >= (more ? TICK_MS_MAX : TICK_MS)) {
      tickedAt = now;
      server.keepHouse();
      broker.tick({ drained: !more });
    } else {
      broker.flush();
    }
    await turn();
  }
}

/** One turn of the event loop: the results of the commit are sent in it. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
