/** Everything that D-REAM leaves behind, read once all its processes have ended. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Installation } from "@kloros/daemon";
import { NoDecisionLogError, openDecisions } from "@kloros/policy-engine";
import { DreamTrigger } from "@kloros/signal-schema";
import { listWinners, type WinnerRecord } from "@kloros/winner-deployer";
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
  /** What the deployer knows of each winner. */
  readonly winners: readonly Pick<WinnerRecord, "experiment" | "hash" | "state">[];
  /** Run tags of cycles that came to their end. */
  readonly reports: readonly string[];
  /** Ids of triggers by the decisions that emitted them. */
  readonly fired: readonly string[];
}

/** 128 + SIGTERM. */
const STOPPED = 143;
const DECISIONS_MAX = 1000;

/** Whoever knows where the files are. */
export type DreamFiles = Pick<
  DreamHarness,
  "paths" | "environment" | "waiting" | "acknowledged" | "acknowledgements" | "parked"
>;

export async function readDreamLeft(dream: DreamFiles): Promise<DreamLeft> {
  return {
    ...readJournal(dream.paths.journal),
    failedSignals: readLog(dream.paths.failedSignals),
    environment: dream.environment(),
    waiting: dream.waiting(),
    acknowledged: dream.acknowledged(),
    acknowledgements: dream.acknowledgements(),
    parked: dream.parked(),
    deployedHashes: readDeployed(dream.paths.winnerState),
    winners: await listWinners(dream.paths),
    reports: readReports(dream.paths),
    fired: readFired(dream.paths),
  };
}

function readReports({ dreamArtifacts }: Installation): readonly string[] {
  const directory = join(dreamArtifacts, "cycles");
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith(".json") && !wasStopped(join(directory, name)))
    .map((name) => name.slice(0, -".json".length));
}

/** A cycle that its service took back when it was stopped itself: by design it is run again. */
function wasStopped(path: string): boolean {
  return (JSON.parse(readFileSync(path, "utf8")) as { readonly exit_code: number }).exit_code === STOPPED;
}

function readFired(paths: Installation): readonly string[] {
  try {
    const decisions = openDecisions(paths);
    const { records } = decisions.emitting(DreamTrigger.name, { limit: DECISIONS_MAX });
    decisions.close();
    return records.flatMap(({ outcome, triggerId }) => (outcome === "fired" ? [triggerId ?? "nothing"] : []));
  } catch (error) {
    if (error instanceof NoDecisionLogError) return [];
    throw error;
  }
}

function readDeployed(path: string): readonly string[] {
  try {
    return (JSON.parse(readFileSync(path, "utf8")) as { deployed_hashes: string[] }).deployed_hashes;
  } catch {
    return [];
  }
}
