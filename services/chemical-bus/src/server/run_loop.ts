/**
 * The bus's main loop: wait for input, handle all of it, commit, let the results out, look after the house.
 *
 * It blocks in `zmq_poll` instead of waiting for the event loop: that halves the latency. Input ends the wait at once; its limit
 * is only how late everything else of this process (timers, the reader's answers, health) may be.
 */
import { pollSockets } from "@kloros/zmq";
import type { BusServer } from "./bus_server.ts";
import { MainLoop, type MainLoopOptions } from "./main_loop.ts";

export interface RunLoopOptions extends Omit<MainLoopOptions, "nowMs"> {
  readonly server: BusServer;
  readonly stopping: AbortSignal;
  /** Monotonic, ms. */
  readonly nowMs?: () => number;
}

/** Runs until `stopping` is aborted; the caller then closes server and broker. */
export async function runLoop(options: RunLoopOptions): Promise<void> {
  const { server, stopping, nowMs = () => performance.now() } = options;
  const loop = new MainLoop({ ...options, nowMs });
  while (!stopping.aborted) {
    pollSockets(server.sockets, loop.waitMs);
    loop.turn();
    await turn();
  }
}

/** One turn of the event loop: the results of the commit are sent in it. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
