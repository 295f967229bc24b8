/** What every scenario stands on: a whole house that is at work, a witness, and everything taken away in the end. */
import { expect } from "bun:test";
import type { Mount } from "../../e2e/flow/mounts.ts";
import { type Seed, seeded } from "../../e2e/house/seed.ts";
import { Answers } from "./answers.ts";
import { moreWork } from "./load.ts";
import { prove } from "./proof.ts";
import { WholeHouse, type WholeHouseOptions } from "./whole_house.ts";
import { Witness } from "./witness.ts";

/** `KLOROS_SEED` repeats a run. */
const SEED = Number(process.env["KLOROS_SEED"] ?? 20_260_105);
const PACE_MS = 400;
/** With more intents without an answer nothing is added: what a slow machine has yet to do in the end has a bound. */
const UNANSWERED_MAX = 100;

const WITNESS_PAUSE_MS = 40;

export interface SceneOptions extends Partial<WholeHouseOptions> {
  /** Between its calls of four signals. Default 40. */
  readonly witnessPauseMs?: number;
}

export class Scene {
  readonly house: WholeHouse;
  readonly chance: Seed;
  readonly #mounts: Mount[] = [];
  readonly #cleanUps: (() => unknown)[] = [];
  readonly #witnessPauseMs: number;
  #witness: Witness | undefined;
  #working: Promise<void> = Promise.resolve();
  #works = false;
  #step = 0;

  constructor(options: SceneOptions = {}) {
    const { seed = SEED, witnessPauseMs = WITNESS_PAUSE_MS } = options;
    this.#witnessPauseMs = witnessPauseMs;
    this.house = new WholeHouse({ seed, ...options });
    this.chance = seeded(seed);
  }

  get witness(): Witness {
    if (this.#witness === undefined) throw new Error("there is no witness before begin()");
    return this.#witness;
  }

  /** Everything runs, and is under load from now on. */
  async begin(): Promise<void> {
    this.house.start();
    await this.house.ready();
    this.#witness = new Witness(this.house.paths, { pauseMs: this.#witnessPauseMs });
    this.#works = true;
    this.#working = this.#keepBusy();
    await this.#witness.hears(20);
  }

  add(mount: Mount): Mount {
    this.#mounts.push(mount);
    return mount;
  }

  /** Done before the house is removed. */
  later(cleanUp: () => unknown): void {
    this.#cleanUps.push(cleanUp);
  }

  /** All die at one moment, in the middle of their work; the witness, too, says no more. */
  async breakOff(): Promise<void> {
    await this.#stopWork();
    await this.house.end();
    await this.#witness?.remove();
  }

  /** No more is asked; all comes to rest, all is proved. Returns how much the witness knows. */
  async comesOutRight(): Promise<number> {
    await this.#stopWork();
    const { flaws, acknowledged } = await prove(this.house, this.witness);
    if (flaws.length > 0) throw new Error(`KLOROS_SEED=${String(this.chance.seed)}: ${flaws.join("\n")}`);
    expect(acknowledged).toBeGreaterThan(0);
    return acknowledged;
  }

  async remove(): Promise<void> {
    await this.#stopWork();
    await this.#witness?.remove();
    await this.house.end();
    for (const cleanUp of this.#cleanUps.splice(0)) await cleanUp();
    for (const mount of this.#mounts.splice(0).toReversed()) mount.unmount();
    await this.house.remove();
  }

  /** Nothing more is asked for. */
  async #stopWork(): Promise<void> {
    this.#works = false;
    await this.#working;
  }

  async #keepBusy(): Promise<void> {
    const answers = new Answers(this.house.paths.investigationsLog);
    for (; this.#works; await Bun.sleep(PACE_MS)) {
      if (this.house.intents.size - answers.countTo(this.house.intents) > UNANSWERED_MAX) continue;
      for (const ask of moreWork(this.house, this.chance, this.#step)) await this.#untilPossible(ask);
      this.#step += 1;
    }
  }

  /** A full or read-only disk keeps also those out who ask. */
  async #untilPossible(ask: () => void): Promise<void> {
    for (;;) {
      try {
        ask();
        return;
      } catch (error) {
        if (!/ENOSPC|EROFS/.test(String(error))) throw error;
        // The scene is taken away as it is.
        if (!this.#works) return;
        await Bun.sleep(PACE_MS);
      }
    }
  }
}
