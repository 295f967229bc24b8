import { Broker } from "@kloros/journal";
import { openLocalBus } from "./connect.ts";
import { describeBus } from "./testing.ts";
import type { Bus } from "./types.ts";

const ALL = { atomicCommit: true, exclusiveConsumers: true, lanes: true, taps: true, identity: true };

describeBus("the local bus over a journal in memory", ALL, () => {
  const broker = new Broker({ path: ":memory:" });
  const buses: Bus[] = [];
  return Promise.resolve({
    connect(service) {
      const bus = openLocalBus({ broker, service });
      buses.push(bus);
      return bus;
    },
    async close() {
      for (const bus of buses) await bus.close();
      broker.close();
    },
  });
});
