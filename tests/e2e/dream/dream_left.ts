/** Everything that D-REAM leaves behind, read once all its processes have ended. */
import { readFileSync } from "node:fs";
import { type LeftBehind, type LogFile, readJournal, readLog } from "../flow/left_behind.ts";
import type { DreamHarness } from "./dream_harness.ts";

export interface DreamLeft extends Pick<LeftBehind, "signals" | "deadLetters" | "journalFlaws"> {
  readonly failedSignals: LogFile;
  readonly environment: string;
  /** Names of promotions' files. */
  readonly waiting: readonly string[];
  readonly acknowledged: readonly string[];
  /** Of their records. */
  readonly acknowledgements: readonly string[];
  readonly parked: readonly string[];
  /** Hashes that the deployer's state tells existing tools. */
  readonly deployedHashes: readonly string[];
}

export function readDreamLeft(dream: DreamHarness): DreamLeft {
  return {
    ...readJournal(dream.paths.journal),
    failedSignals: readLog(dream.paths.failedSignals),
    environment: dream.environment(),
    waiting: dream.waiting(),
    acknowledged: dream.acknowledged(),
    acknowledgements: dream.acknowledgements(),
    parked: dream.parked(),
    deployedHashes: readDeployed(dream.paths.winnerState),
  };
}

function readDeployed(path: string): readonly string[] {
  try {
    return (JSON.parse(readFileSync(path, "utf8")) as { deployed_hashes: string[] }).deployed_hashes;
  } catch {
    return [];
  }
}
