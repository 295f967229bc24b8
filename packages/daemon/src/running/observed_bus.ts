/** The bus as a service in observe mode gets it: what reads passes, what would change something is shown and refused. */
import { TerminalError, type Bus } from "@kloros/bus-client";
import type { SignalTrail } from "./signal_counts.ts";

type AdminOp = Parameters<Bus["admin"]>[0];
type PublishResult = Awaited<ReturnType<Bus["publish"]>>[number];

const READING: ReadonlySet<AdminOp> = new Set<AdminOp>(["status", "consumers", "deadLetters"]);

export function observedBus(bus: Bus, trail: SignalTrail): Bus {
  return {
    get state() {
      return bus.state;
    },
    onState: (listener) => bus.onState(listener),
    publish: async (envelopes) => {
      for (const signal of envelopes) trail.dry(signal);
      return Promise.resolve(envelopes.map((): PublishResult => ({ status: "announced" })));
    },
    consume: async () =>
      Promise.reject(
        new TerminalError("observe", "observe mode takes nothing; use context.consume, which taps instead"),
      ),
    tap: async (filter, onSignal) => bus.tap(filter, onSignal),
    read: async (query) => bus.read(query),
    admin: async (op, request) => {
      if (READING.has(op)) return bus.admin(op, request);
      throw new TerminalError("observe", `observe mode changes nothing; ${op} was not sent to the bus`);
    },
    ping: async (options) => bus.ping(options),
    close: async () => bus.close(),
  };
}
