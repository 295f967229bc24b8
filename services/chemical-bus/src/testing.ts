/** For tests and benchmarks of other packages: the live feed without a bus behind it, the bus without its service. */
export { BusServer } from "./server/bus_server.ts";
export { LiveFeed } from "./server/live_feed.ts";
export type { LiveFeedOptions } from "./server/live_feed.ts";
export type { BoundEndpoint, ServerMachine } from "./server/machine.ts";
export { MainLoop } from "./server/main_loop.ts";
export type { ProcessMark } from "./server/peer.ts";
