import { describeBus } from "@kloros/bus-client/testing";
import { BusHarness } from "./bus_harness.ts";

const ALL = { atomicCommit: true, exclusiveConsumers: true, lanes: true, taps: true, identity: true };

describeBus("the zmq bus, in a process of its own over a journal on disk", ALL, async () => {
  const harness = new BusHarness();
  await harness.start();
  return harness;
});
