export type {
  CycleReport,
  ExperimentOutcome,
  ExperimentReport,
  Metrics,
  Parameters,
  ParameterValue,
  ProgressLine,
  Winner,
} from "./types.ts";

export { formatFileProblem } from "./file_problem.ts";
export type { FileProblem } from "./file_problem.ts";

export { readDreamConfig } from "./config/read_dream_config.ts";
export { DreamConfigError } from "./config/dream_config_error.ts";
export type { DreamConfig, ExperimentConfig } from "./config/dream_config.ts";

export { isUsableWinner, readWinner, readWinners, WinnerFileError } from "./winners/read_winner.ts";
export type { WinnersRead } from "./winners/read_winner.ts";
export { winnerHash } from "./winners/winner_hash.ts";

export { CycleReportError, cycleReportPath, readCycleReport } from "./report/read_cycle_report.ts";

export { startGuard } from "./processes/guard.ts";
export type { Guard } from "./processes/guard.ts";
export { endMarked, markedProcesses, processIds, signalGroup } from "./processes/marked.ts";
export type { Mark } from "./processes/marked.ts";

export { runDreamCli } from "./cli/run_dream_cli.ts";
export type { DreamCliSurroundings } from "./cli/surroundings.ts";
export { runCycle } from "./run/run_cycle.ts";
export type { CycleOptions } from "./run/run_cycle.ts";
export { CYCLE_EXIT } from "./run/cycle_exit.ts";
