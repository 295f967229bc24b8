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
