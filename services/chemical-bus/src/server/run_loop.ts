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
  /** While nothing comes, ms. Default 20: 50 turns a second cost about 0.2 % of a core. */
  readonly idleWaitMs?: number;
  /** Monotonic, ms. */
  readonly nowMs?: () => number;
}

/** While messages come, ms. */
const BUSY_WAIT_MS = 2;
const IDLE_WAIT_MS = 20;
/** So long after the last message counts as busy, ms. */
const BUSY_FOR_MS = 100;
/** Retries and leases are looked at so often, ms (the broker asks for at least 250). */
const TICK_MS = 10;

/** Runs until `stopping` is aborted; the caller then closes server and broker. */
export async function runLoop(options: RunLoopOptions): Promise<void> {
  const { server, broker, stopping, idleWaitMs = IDLE_WAIT_MS, nowMs = () => performance.now() } = options;
  let heardAt = nowMs();
  let tickedAt = heardAt;
  let more = false;
  while (!stopping.aborted) {
    const waitMs = more ? 0 : nowMs() - heardAt < BUSY_FOR_MS ? BUSY_WAIT_MS : idleWaitMs;
    pollSockets(server.sockets, waitMs);
    const drained = server.drain();
    more = drained.more;
    const now = nowMs();
    if (drained.messages > 0) heardAt = now;
    if (now - tickedAt >= TICK_MS && !more) {
      tickedAt = now;
      server.keepHouse();
      broker.tick();
    } else {
      broker.flush();
    }
    await turn();
  }
}

/** One turn of the event loop: the results of the commit are sent in it. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
