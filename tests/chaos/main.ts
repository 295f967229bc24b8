/** `./scripts/chaos`: rounds of kill -9 until so many were made, and what came of them. Exit code 1 when anything was lost or doubled. */
import { killRound } from "../e2e/house/kill_rounds.ts";
import { killRoundOf } from "./kill/kill_round.ts";
import { readInvocation, USAGE } from "./kill/options.ts";
import { added, NOTHING, summaryLines, type Summary } from "./kill/summary.ts";

async function main(args: readonly string[]): Promise<void> {
  const { kills, seed, perRound, json, help } = readInvocation(args);
  if (help) {
    console.log(USAGE);
    return;
  }
  let summary: Summary = { ...NOTHING, seed };
  for (let round = 0; summary.kills < kills && summary.flaws.length === 0; round++) {
    const started = performance.now();
    await killRound(seed + round, async (chance, events) => {
      const result = await killRoundOf(Math.min(perRound, kills - summary.kills), chance, events);
      summary = added(summary, seed + round, result);
    });
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    console.error(
      `round ${String(round + 1)}, seed ${String(seed + round)}: ${String(summary.kills)} of ${String(kills)} kills, ${seconds} s`,
    );
  }
  console.log(json ? JSON.stringify(summary, null, 2) : summaryLines(summary).join("\n"));
  if (summary.flaws.length > 0) process.exitCode = 1;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`chaos: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
