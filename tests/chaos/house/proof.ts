/**
 * The whole check after any disturbance: what the operator's programs say of it, with and without a bus; both flows counted against
 * each other and against what was asked; the witness.
 */
import { checkDream } from "../../e2e/dream/check_dream.ts";
import { readDreamLeft } from "../../e2e/dream/dream_left.ts";
import { KEY } from "../../e2e/dream/experiment.ts";
import { checkFlow } from "../../e2e/flow/check_flow.ts";
import { readLeftBehind } from "../../e2e/flow/left_behind.ts";
import { operatorsProof } from "./kloros.ts";
import type { WholeHouse } from "./whole_house.ts";
import type { Testimony, Witness } from "./witness.ts";

export interface Proof extends Testimony {
  /** What is wrong; empty: nothing. */
  readonly flaws: readonly string[];
  /** Modules, intents and promotions whose effects were counted. */
  readonly asked: number;
  /** Runs of `kloros audit` and `kloros journal verify`. */
  readonly audits: number;
  /** Deliveries that were alone in flight at three kills, and that the operator brought back. */
  readonly poison: number;
}

/** Waits for rest, looks, ends all in order, and looks again. */
export async function prove(house: WholeHouse, witness: Witness): Promise<Proof> {
  await witness.finish();
  const poison = await house.settle({ retryPoison: true });
  const whileItRuns = await operatorsProof(house.paths);
  await house.stop();
  const testimony = witness.compare(house.paths.journal);
  const flaws = [
    ...whileItRuns,
    ...(await flowFlaws(house)),
    ...testimony.lost.map((id) => `acknowledged and lost: ${id}`),
    ...testimony.doubled.map((what) => `stored twice: ${what}`),
  ];
  const asked = house.tree.expected.size + house.intents.size + house.promotions.size;
  return { ...testimony, flaws, asked, audits: 4, poison: poison.length };
}

/** Of a house that is stopped. */
export async function flowFlaws(house: WholeHouse): Promise<readonly string[]> {
  return [
    ...(await operatorsProof(house.paths)),
    ...checkFlow(readLeftBehind(house.paths), {
      tree: house.tree,
      intents: house.intents,
      rejected: house.rejectedFiles.size,
    }),
    ...checkDream(await readDreamLeft(house), {
      promotions: house.promotions,
      cooldownMs: house.cooldownMs,
      environment: house.promotions.size === 0 ? {} : { [KEY]: String(house.best) },
    }),
    ...house.cycleProcesses().map((pid) => `process ${String(pid)} of a cycle lives`),
  ];
}
