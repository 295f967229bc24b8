/**
 * Both flows of the design on one machine: a source tree whose modules are to be integrated, intents, and promotions that lead
 * to a deployed winner. Once the machine is off, the proofs of tests/e2e say what was lost or doubled.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Installation } from "@kloros/daemon";
import { DREAM_CONFIG, homeConfig } from "../../e2e/dream/dream_config.ts";
import { checkDream } from "../../e2e/dream/check_dream.ts";
import { readDreamLeft } from "../../e2e/dream/dream_left.ts";
import { dreamRules } from "../../e2e/dream/dream_rules.ts";
import {
  behave,
  type Behaviour,
  ENVIRONMENT_BEFORE,
  KEY,
  writeExperiment,
} from "../../e2e/dream/experiment.ts";
import { checkFlow } from "../../e2e/flow/check_flow.ts";
import { type FlowTree, growTree } from "../../e2e/flow/flow_tree.ts";
import { readLeftBehind } from "../../e2e/flow/left_behind.ts";
import type { Machine } from "./machine.ts";

/** Quick to notice what a test does. */
export const QUICK = `
[curiosity-core]
intervalMs = 1000
settleMs = 50
[intent-router]
scanIntervalMs = 250
quietMs = 300
[orchestrator-monitor]
newModulesIntervalMs = 1000
health.intervalMs = 1000
promotions.intervalMs = 1000
${homeConfig({ ...DREAM_CONFIG, limitS: 300 }).replace(/\[orchestrator-monitor\]\n.*\n/, "")}`;

/** A candidate that hangs is left to the test, not to its own limit. */
const CANDIDATE_S = 60;
const SETTLE_MS = 180_000;
const ACK = "_ack.json";

export class Flows {
  readonly #machine: Machine;
  readonly #intents = new Set<string>();
  readonly #promotions = new Set<string>();
  #tree: FlowTree | undefined;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** The machine is on, and nothing was started in it yet. */
  async lay(modules: number, seed: number): Promise<void> {
    const { paths } = this.#machine;
    this.#tree = growTree(paths.source, { modules, seed });
    mkdirSync(paths.promotions, { recursive: true });
    writeExperiment(paths, { timeoutS: CANDIDATE_S });
    // The machine has these files elsewhere than the host.
    const text = readFileSync(paths.dreamConfig, "utf8").replaceAll(paths.home, "/var/lib/kloros");
    writeFileSync(paths.dreamConfig, text);
    writeFileSync(paths.policies, dreamRules("1s"));
    writeFileSync(paths.environmentFile, ENVIRONMENT_BEFORE);
    await this.#machine.own();
  }

  /** What each candidate of a cycle meets from now on. */
  behave(behaviour: Behaviour): void {
    behave(this.#machine.paths, behaviour);
  }

  /** A generic question, as an old tool writes it. */
  ask(id: string): void {
    const intent = {
      intent_type: "curiosity_investigate",
      priority: 7,
      data: { question_id: id, question: `What about ${id}?` },
    };
    this.#put(this.#machine.paths.intents, id, intent);
    this.#intents.add(id);
  }

  promote(stem: string): void {
    this.#put(this.#machine.paths.promotions, stem, {
      schema: "v1",
      id: stem,
      timestamp: 1_763_116_200,
      fitness: 0.5,
    });
    this.#promotions.add(stem);
  }

  /** Until all that was asked is answered and nothing is open. */
  async settle(): Promise<void> {
    let flaws: readonly string[] = [];
    let seen = -1;
    const rests = async (): Promise<boolean> => {
      const look = await this.#look().catch((error: unknown) => ({ flaws: [String(error)], lastSeq: -1 }));
      const still = look.flaws.length === 0 && look.lastSeq === seen;
      ({ flaws, lastSeq: seen } = look);
      return still;
    };
    try {
      await this.#machine.until("both flows to come to rest", rests, SETTLE_MS);
    } catch (error) {
      throw new Error(`${flaws.slice(0, 10).join("; ")}: ${String(error)}`, { cause: error });
    }
  }

  /** What was lost or doubled. The machine is off. */
  async flaws(): Promise<readonly string[]> {
    const { paths } = this.#machine;
    const dream = await readDreamLeft({
      paths,
      environment: () => readFileSync(paths.environmentFile, "utf8"),
      waiting: () => jsonFiles(paths.promotions),
      acknowledged: () => acknowledged(paths).filter((name) => !name.endsWith(ACK)),
      acknowledgements: () => acknowledged(paths).filter((name) => name.endsWith(ACK)),
      parked: () => jsonFiles(join(paths.promotions, "parked")),
    });
    return [
      ...checkFlow(readLeftBehind(paths), { tree: this.#grown(), intents: this.#intents }),
      ...checkDream(dream, {
        promotions: this.#promotions,
        ...(this.#promotions.size === 0 ? {} : { environment: { [KEY]: "4" } }),
      }),
    ];
  }

  async #look(): Promise<{ readonly flaws: readonly string[]; readonly lastSeq: number }> {
    const { operator, paths } = this.#machine;
    const consumers = await operator.admin("consumers", {});
    const { lastSeq } = await operator.admin("status", {});
    const integrated = await this.#count("Q_MODULE_INTEGRATED");
    const announced = await this.#count("Q_MODULE_DISCOVERED");
    const modules = this.#grown().expected.size;
    return {
      lastSeq,
      flaws: [
        ...consumers
          .filter(({ open }) => open > 0)
          .map(({ name, open }) => `${name} has ${String(open)} open`),
        ...jsonFiles(paths.intents).map((name) => `intent ${name} waits`),
        ...jsonFiles(paths.promotions).map((name) => `promotion ${name} waits`),
        ...(integrated < modules ? [`${String(integrated)} of ${String(modules)} modules integrated`] : []),
        ...(announced < modules ? [`${String(announced)} of ${String(modules)} modules announced`] : []),
      ],
    };
  }

  async #count(signal: string): Promise<number> {
    const page = await this.#machine.operator.read({ signals: [signal], afterSeq: 0, limit: 1000 });
    return page.items.length;
  }

  #grown(): FlowTree {
    if (this.#tree === undefined) throw new Error("lay() comes first");
    return this.#tree;
  }

  #put(directory: string, stem: string, content: object): void {
    const path = join(directory, `${stem}.json`);
    writeFileSync(`${path}.tmp`, JSON.stringify(content), { mode: 0o666 });
    renameSync(`${path}.tmp`, path);
  }
}

function acknowledged({ promotions }: Installation): readonly string[] {
  return jsonFiles(join(promotions, "acknowledged"));
}

function jsonFiles(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(".json"))
      .toSorted();
  } catch {
    return [];
  }
}
