/** For tests: a winner that waits for approval, and the file that its deployer keeps. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Installation } from "@kloros/daemon";
import type { WinnerRecord } from "@kloros/winner-deployer";

export const HELD_WINNER: WinnerRecord = {
  id: "rag_opt:e73f10497a0b86c7",
  experiment: "rag_opt",
  hash: "e73f10497a0b86c7",
  state: "held",
  when: "2026-01-31T12:00:00.000Z",
  run_tag: "1763116200",
  fitness: 0.83,
  params: { top_k: 5 },
  metrics: { context_precision: 0.71 },
  keys: [{ key: "KLR_RAG_TOP_K", old: "4", new: "5" }],
  reason: "autonomy level 0 is below 2",
};

/** Returns the file's path. */
export function writeWinners(paths: Pick<Installation, "state">, winners: readonly WinnerRecord[]): string {
  const file = join(paths.state, "winners.json");
  mkdirSync(paths.state, { recursive: true });
  writeFileSync(file, JSON.stringify({ schema: "kloros-winners/1", winners }));
  return file;
}
