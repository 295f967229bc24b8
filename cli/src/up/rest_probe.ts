/** Looks at the running system for `rest.ts`. */
import { readdirSync } from "node:fs";
import type { Bus } from "@kloros/bus-client";
import { healthSocketPath, type Installation, type Mode } from "@kloros/daemon";
import type { FlowFeed } from "./flow/flow_feed.ts";
import { probeTaskRuns } from "./readiness_probe.ts";
import type { RestSample } from "./rest.ts";
import type { ServiceGroup } from "./service_group.ts";
import { BUS_SERVICE } from "./service_list.ts";

/** The task of curiosity-core that ends when nothing is left to ask and nothing is still being written. */
const DISCOVERY = { service: "curiosity-core", task: "discover" };
/** The task of the monitor that tells of promotions. What follows from it shows as open deliveries until it has ended. */
const PROMOTIONS = { service: "orchestrator-monitor", task: "promotions" };

export interface ProbeTargets {
  readonly bus: Bus;
  readonly group: ServiceGroup;
  readonly feed: FlowFeed;
  readonly paths: Installation;
  readonly mode: Mode;
}

/** Rejects when the bus cannot be asked. */
export async function takeSample(targets: ProbeTargets, atMs: number): Promise<RestSample> {
  const { bus, group, feed, paths, mode } = targets;
  await feed.catchUp();
  const runsOf = ({ service, task }: typeof DISCOVERY): Promise<number | undefined> =>
    probeTaskRuns(healthSocketPath(paths, service), task);
  const [consumers, discoveries, looks] = await Promise.all([
    bus.admin("consumers", {}),
    runsOf(DISCOVERY),
    runsOf(PROMOTIONS),
  ]);
  return {
    atMs,
    // The bus has just answered; what else it lacks (a port of its live feed) stops no flow.
    unready: group.unready().filter((text) => !text.startsWith(`${BUS_SERVICE} `)),
    open: consumers.reduce((sum, { open }) => sum + open, 0),
    // Observed, they stay where they are.
    intents: mode === "act" ? countIntents(paths.intents) : 0,
    discovered: discoveries !== undefined && discoveries > 0,
    promotionsSeen: looks !== undefined && looks > 0,
    activity: feed.count,
  };
}

function countIntents(directory: string): number {
  try {
    return readdirSync(directory, { withFileTypes: true }).filter(
      (entry) => entry.isFile() && entry.name.endsWith(".json"),
    ).length;
  } catch {
    return 0;
  }
}
