/**
 * For tests of this and other packages: the contract suite that every transport passes, what it is written with, and the bus
 * client over sockets that are not libzmq's.
 */
export { describeBus } from "./contract/describe_bus.ts";
export type { BusFeatures, BusFixture } from "./contract/fixture.ts";
export { busOver } from "./bus_over.ts";
export type { BusOverOptions } from "./bus_over.ts";
export { unpackDeliveries } from "./delivery_columns.ts";
export type { Sockets } from "./sockets.ts";
export { alert, answer, question } from "./contract/samples.ts";
export { Inbox } from "./contract/inbox.ts";
export { until } from "./contract/until.ts";
