import type { Bench } from "./bench.ts";
import { durableLatency } from "./durable-latency/durable_latency.ts";
import { durablePublish } from "./durable-publish/durable_publish.ts";

export const BENCHES: readonly Bench[] = [durablePublish, durableLatency];
