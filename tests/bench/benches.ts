import type { Bench } from "./bench.ts";
import { dreamRunner } from "./dream-runner/dream_runner.ts";
import { durableLatency } from "./durable-latency/durable_latency.ts";
import { durablePublish } from "./durable-publish/durable_publish.ts";
import { idle } from "./idle/idle.ts";
import { integration } from "./integration/integration.ts";
import { intentFile } from "./intent-file/intent_file.ts";
import { intentsBacklog } from "./intents-backlog/intents_backlog.ts";
import { liveFeed } from "./live-feed/live_feed.ts";
import { promotion } from "./promotion/promotion.ts";
import { treeMemory } from "./tree-memory/tree_memory.ts";
import { unitsMemory } from "./units-memory/units_memory.ts";
import { unitsProcessor } from "./units-processor/units_processor.ts";

export const BENCHES: readonly Bench[] = [
  durablePublish,
  durableLatency,
  liveFeed,
  intentFile,
  integration,
  promotion,
  intentsBacklog,
  treeMemory,
  idle,
  unitsMemory,
  unitsProcessor,
  dreamRunner,
];
