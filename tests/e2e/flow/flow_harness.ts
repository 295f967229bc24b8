/**
 * The whole flow on a home of its own: the bus and every service as real processes over a generated source tree.
 *
 * Once it is stopped, `checkFlow` can read everything that is left behind.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DeadLetter } from "@kloros/journal";
import { House, type SettleOptions } from "../house/house.ts";
import { type FlowTree, growTree } from "./flow_tree.ts";
import { restingFlaws } from "./resting.ts";

/** From what works to what feeds: all of them consume or publish. */
export const SERVICES = [
  "chemical-bus",
  "investigation-consumer",
  "semantic-dedup",
  "capability-integrator",
  "orchestrator-monitor",
  "intent-router",
  "curiosity-core",
] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Quick to notice what a test does; no port that somebody else may have. */
export const FLOW_CONFIG = `
[chemical-bus]
liveEndpoints = []
[curiosity-core]
intervalMs = 1000
settleMs = 50
[intent-router]
scanIntervalMs = 250
quietMs = 300
rejectedIntervalMs = 250
[orchestrator-monitor]
newModulesIntervalMs = 1000
`;

export interface FlowOptions {
  readonly modules: number;
  readonly seed: number;
  /** Whether a quarter more come without an `__init__.py`. Default true. */
  readonly bare?: boolean;
  /** Replaces the defaults above. */
  readonly config?: string;
  /** Where the tree is; default: in the home. */
  readonly source?: string;
}

export class FlowHarness extends House<ServiceName> {
  readonly tree: FlowTree;
  /** Question ids of intents that were written; each must be asked once. */
  readonly intents = new Set<string>();
  /** Broken intent files that must end among the rejected. */
  readonly rejectedFiles = new Set<string>();

  constructor(options: FlowOptions) {
    const { source } = options;
    super({ what: "the flow", services: SERVICES, settleMs: 120_000, quietMs: 300, source });
    this.tree = growTree(this.paths.source, options);
    writeFileSync(join(this.paths.home, "kloros.toml"), options.config ?? FLOW_CONFIG);
  }

  /** Waits until every expected module is integrated and announced, and nothing is open. */
  async settle(options: SettleOptions = {}): Promise<readonly DeadLetter[]> {
    return this.rest(async () => restingFlaws(this), options);
  }
}
