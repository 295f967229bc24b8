/** For tests of this and other packages: the contract suite that every transport passes, and what it is written with. */
export { describeBus } from "./contract/describe_bus.ts";
export type { BusFeatures, BusFixture } from "./contract/fixture.ts";
export { alert, answer, question } from "./contract/samples.ts";
export { Inbox } from "./contract/inbox.ts";
export { until } from "./contract/until.ts";
