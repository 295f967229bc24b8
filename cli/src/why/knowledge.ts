/** What is remembered besides the journal: the engine's decisions, the deployer's winners. Each may be missing. */
import { messageOf } from "@kloros/daemon";
import type { Installation } from "@kloros/daemon";
import type { Decisions } from "@kloros/policy-engine";
import type { WinnerRecord } from "@kloros/winner-deployer";

export interface Knowledge {
  readonly decisions: Decisions | undefined;
  /** Why there are no decisions. */
  readonly noDecisions: string | undefined;
  readonly winners: readonly WinnerRecord[];
}

export async function withKnowledge<T>(
  paths: Installation,
  work: (knowledge: Knowledge) => Promise<T>,
): Promise<T> {
  const opened = await openLog(paths);
  const winners = await readWinners(paths);
  try {
    return await work({ ...opened, winners });
  } finally {
    opened.decisions?.close();
  }
}

async function openLog(paths: Installation): Promise<Pick<Knowledge, "decisions" | "noDecisions">> {
  const { openDecisions } = await import("@kloros/policy-engine");
  try {
    return { decisions: openDecisions(paths), noDecisions: undefined };
  } catch (error) {
    return { decisions: undefined, noDecisions: messageOf(error) };
  }
}

/** None when the file is damaged: `kloros winners list` says so. */
async function readWinners(paths: Installation): Promise<readonly WinnerRecord[]> {
  const { listWinners } = await import("@kloros/winner-deployer");
  return listWinners(paths).catch(() => []);
}
