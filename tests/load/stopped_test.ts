/**
 * 100,000 signals while one consumer stands still and another one does not run. KLOROS_FULL=1: 1,000,000, as
 * `./scripts/soak stopped`, which prints the figures.
 */
import { afterEach, expect, test } from "bun:test";
import { Scratch } from "../bench/house/scratch.ts";
import { printStopped, stoppedReport } from "./stopped/stopped_report.ts";
import { runStopped } from "./stopped/stopped_run.ts";

const FULL = process.env["KLOROS_FULL"] === "1";
const PLAN = { signals: FULL ? 1_000_000 : 100_000, signalsPerS: 5000 };

let scratch: Scratch | undefined;
afterEach(async () => {
  await scratch?.close();
  scratch = undefined;
});

test(
  `a consumer that stands still and one that does not run while ${String(PLAN.signals)} signals arrive catch up completely, and nobody else notices`,
  async () => {
    scratch = new Scratch();
    const baseline = await runStopped(scratch, PLAN, false);
    const report = stoppedReport(PLAN, baseline, await runStopped(scratch, PLAN, true));
    process.stderr.write(`${printStopped(report)}\n`);
    expect(report.flaws).toEqual([]);
  },
  FULL ? 4 * 3_600_000 : 900_000,
);
