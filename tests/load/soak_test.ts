/** Two minutes of real traffic with retention scaled down. `./scripts/soak` is the same for an hour, with the figures. */
import { afterEach, expect, test } from "bun:test";
import { Scratch } from "../bench/house/scratch.ts";
import { printSoak } from "./soak/print.ts";
import { reportOf } from "./soak/report.ts";
import { runSoak } from "./soak/soak_run.ts";

const PLAN = { minutes: 2, signalsPerS: 200 };

let scratch: Scratch | undefined;
afterEach(async () => {
  await scratch?.close();
  scratch = undefined;
});

test("two minutes of real traffic lose nothing, do nothing twice, raise no alarm, and leave memory and files bounded", async () => {
  scratch = new Scratch();
  const report = reportOf(PLAN, await runSoak(scratch, PLAN, () => undefined));
  process.stderr.write(`${printSoak(report)}\n`);
  expect(report.flaws).toEqual([]);
}, 240_000);
