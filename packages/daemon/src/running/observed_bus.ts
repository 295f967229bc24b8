/** The bus as a service in observe mode gets it: what reads passes, what would change something is shown and refused. */
import { TerminalError, type Bus } from "@kloros/bus-client";
import type { Envelope } from "@kloros/signal-schema";
import type { SignalTrail } from "./signal_counts.ts";

type AdminOp = Parameters<Bus["admin"]>[0];
type PublishResult = Awaited<ReturnType<Bus["publish"]>>[number];

const READING: ReadonlySet<AdminOp> = new Set<AdminOp>(["status", "consumers", "deadLetters"]);

/** Shown, not said: logged, counted, announced live with `dry: true`. Never stored, so no durable consumer gets it. */
export function showDry(bus: Pick<Bus, "publish">, trail: SignalTrail, signals: readonly Envelope[]): void {
  if (signals.length === 0) return;
  for (const signal of signals) trail.dry(signal);
  // The live feed is best effort, the log line stands: a bus that is away delays nobody.
  bus.publish(signals.map((signal) => ({ ...signal, dry: true }))).catch(() => undefined);
}

export function observedBus(bus: Bus, trail: SignalTrail): Bus {
  return {
    get state() {
      return bus.state;
    },
    onState: (listener) => bus.onState(listener),
    publish: async (envelopes) => {
      showDry(bus, trail, envelopes);
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
