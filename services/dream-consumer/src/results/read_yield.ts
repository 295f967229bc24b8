import { messageOf } from "@kloros/daemon";
import { cycleReportPath, readCycleReport, type CycleReport } from "@kloros/dream-runner";
import type { CycleYield } from "../decide.ts";
import type { CyclePlan } from "../plan.ts";
import { readChangedWinners, winnersDirectory } from "./foreign_winners.ts";

export interface FoundReport {
  readonly report: CycleReport;
  readonly path: string;
}

/** The report of this run; undefined when it left none. Throws when there is one that cannot be understood. */
export async function findReport(artifacts: string, runTag: string): Promise<FoundReport | undefined> {
  const path = cycleReportPath(artifacts, runTag);
  const report = await readCycleReport(path);
  if (report === undefined) return undefined;
  if (report.run_tag !== runTag) throw new Error(`${path} tells of another run, ${report.run_tag}`);
  return { report, path };
}

/** What a cycle left. Never rejects: what cannot be read is told as such. */
export async function readYield(artifacts: string, plan: CyclePlan): Promise<CycleYield> {
  try {
    const found = await findReport(artifacts, plan.runTag);
    if (found !== undefined) return { kind: "report", ...found };
    if (plan.winnersBefore === null)
      return { kind: "nothing", error: "the runner ended without a report of its cycle" };
    return await readChangedWinners(winnersDirectory(artifacts), plan.winnersBefore);
  } catch (error) {
    return { kind: "nothing", error: messageOf(error) };
  }
}
