/** For tests and benchmarks of other packages: the live feed alone, without a bus behind it. */
export { LiveFeed } from "./server/live_feed.ts";
export type { LiveFeedOptions } from "./server/live_feed.ts";
