/**
 * Both flows on one home: every service there is as a compiled process, a source tree that grows, intents and promotions.
 *
 * Once it is stopped, `proof.ts` can read everything that is left behind.
 */
import { writeFileSync } from "node:fs";
import { writeIntent } from "@kloros/intent-router/testing";
import type { DeadLetter } from "@kloros/journal";
import { DREAM_CONFIG, homeConfig } from "../../e2e/dream/dream_config.ts";
import { DreamHarness, SERVICES as DREAM_SERVICES } from "../../e2e/dream/dream_harness.ts";
import { offer } from "../../e2e/dream/experiment.ts";
import { FLOW_CONFIG, SERVICES as FLOW_SERVICES } from "../../e2e/flow/flow_harness.ts";
import { type FlowTree, growTree } from "../../e2e/flow/flow_tree.ts";
import { restingFlaws } from "../../e2e/flow/resting.ts";
import type { Resting, SettleOptions } from "../../e2e/house/house.ts";
import { compiledPrograms } from "./compiled.ts";

type FlowService = (typeof FLOW_SERVICES)[number];
const OF_DREAM: ReadonlySet<string> = new Set(DREAM_SERVICES);
const FLOW_ONLY = FLOW_SERVICES.filter((name) => !OF_DREAM.has(name));
export const SERVICES = [...DREAM_SERVICES, ...FLOW_ONLY];
export type ServiceName = (typeof DREAM_SERVICES)[number] | FlowService;

export interface WholeHouseOptions {
  readonly seed: number;
  /** Default 6. */
  readonly modules?: number;
  /** Where the source tree is; default: in the home. */
  readonly source?: string;
  /** Default: the programs of this test run. */
  readonly compiled?: string;
  /** Before a cycle that failed is tried again, s; so long after one that succeeded, its promotions may be, too. */
  readonly cooldownS?: number;
  /** Further TOML, whose sections may be those that are there. */
  readonly config?: string;
}

const SETTLE_MS = 180_000;

export class WholeHouse extends DreamHarness<FlowService> {
  readonly tree: FlowTree;
  /** Question ids of intents that were written; each must be asked once. */
  readonly intents = new Set<string>();
  readonly rejectedFiles = new Set<string>();
  /** Absent: nothing is tried again. */
  readonly cooldownMs: number | undefined;
  #best = 3;

  constructor({
    seed,
    modules = 6,
    config = "",
    source,
    cooldownS,
    compiled = compiledPrograms(),
  }: WholeHouseOptions) {
    super({
      settings: cooldownS === undefined ? {} : { cooldown: `${String(cooldownS)}s` },
      experiment: { behaviour: "short", values: [1, 2, 3] },
      services: FLOW_ONLY,
      compiled,
      source,
    });
    this.cooldownMs = cooldownS === undefined ? undefined : cooldownS * 1000;
    this.tree = growTree(this.paths.source, { modules, seed });
    writeFileSync(this.paths.configFile, merged(homeConfig(DREAM_CONFIG), FLOW_CONFIG, config));
  }

  /** The best value that was offered to D-REAM: in the end it stands in the environment file. */
  get best(): number {
    return this.#best;
  }

  ask(id: string, priority = 5): void {
    writeIntent(this.paths.intents, id, { priority });
    this.intents.add(id);
  }

  /** A promotion that starts a cycle, in which something better can be won. */
  promote(stem: string): void {
    this.#best += 1;
    offer(this.paths, [this.#best - 2, this.#best - 1, this.#best]);
    this.drop(stem);
  }

  override async settle(options: SettleOptions = {}): Promise<readonly DeadLetter[]> {
    return super.settle({ limitMs: SETTLE_MS, ...options });
  }

  protected override async resting(): Promise<Resting> {
    const [dream, flow] = [await super.resting(), await restingFlaws(this)];
    return {
      flaws: [...dream.flaws, ...flow.flaws],
      progress: `${dream.progress} ${flow.progress}`,
    };
  }
}

/** Lines of sections with the same name under one head. */
function merged(...texts: readonly string[]): string {
  const sections = new Map<string, string[]>();
  for (const text of texts) {
    let head = "";
    for (const line of text.split("\n").filter((one) => one !== "")) {
      if (line.startsWith("[")) head = line;
      const lines = sections.get(head) ?? [];
      if (!lines.includes(line)) lines.push(line);
      sections.set(head, lines);
    }
  }
  return `${[...sections.values()].flat().join("\n")}\n`;
}
