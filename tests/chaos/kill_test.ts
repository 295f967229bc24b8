/**
 * kill -9 of compiled daemons at random moments, both flows under load: whatever was acknowledged is there once, every effect was
 * done once, and the books balance. `./scripts/chaos` runs more of them.
 */
import { expect, test } from "bun:test";
import { killRound, seedsOfThisRun } from "../e2e/house/kill_rounds.ts";
import { killRoundOf } from "./kill/kill_round.ts";

const KILLS = 40;
/** Takes 30 s or so; several times that on a busy machine. */
const ROUND_LIMIT_MS = 400_000;
const STANDARD_SEED = 20_260_104;

for (const seed of seedsOfThisRun(STANDARD_SEED, 0)) {
  test(
    `${String(KILLS)} × kill -9 lose nothing and double nothing (KLOROS_SEED=${String(seed)})`,
    () =>
      killRound(seed, async (chance, events) => {
        const { flaws, acknowledged } = await killRoundOf(KILLS, chance, events);
        expect(flaws).toEqual([]);
        expect(acknowledged).toBeGreaterThan(0);
      }),
    ROUND_LIMIT_MS,
  );
}
