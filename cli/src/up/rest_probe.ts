/** Looks at the running system for `rest.ts`. */
import { readdirSync } from "node:fs";
import type { Bus } from "@kloros/bus-client";
import { healthSocketPath, type Installation } from "@kloros/daemon";
import type { FlowFeed } from "./flow/flow_feed.ts";
import { probeMetric } from "./readiness_probe.ts";
import type { RestSample } from "./rest.ts";
import type { ServiceGroup } from "./service_group.ts";

/** Set by curiosity-core once it has compared the source tree with the registry. */
const SURVEYED_METRIC = "kloros_modules_known";

export interface ProbeTargets {
  readonly bus: Bus;
  readonly group: ServiceGroup;
  readonly feed: FlowFeed;
  readonly paths: Installation;
}

/** Rejects when the bus cannot be asked. */
export async function takeSample(targets: ProbeTargets, atMs: number): Promise<RestSample> {
  const { bus, group, feed, paths } = targets;
  await feed.catchUp();
  const [consumers, surveyed] = await Promise.all([
    bus.admin("consumers", {}),
    probeMetric(healthSocketPath(paths, "curiosity-core"), SURVEYED_METRIC),
  ]);
  return {
    atMs,
    // A bus that only lacks a port of its live feed works.
    unready: group.unready().filter((text) => !text.startsWith("chemical-bus is not ready")),
    open: consumers.reduce((sum, { open }) => sum + open, 0),
    intents: countIntents(paths.intents),
    discovered: surveyed !== undefined,
    activity: feed.count,
  };
}

export function countIntents(directory: string): number {
  try {
    return readdirSync(directory, { withFileTypes: true }).filter(
      (entry) => entry.isFile() && entry.name.endsWith(".json"),
    ).length;
  } catch {
    return 0;
  }
}
