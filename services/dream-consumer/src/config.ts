/** Section `[dream-consumer]` of kloros.toml. */
import { DreamTrigger } from "@kloros/signal-schema";
import { Type, type Static } from "@sinclair/typebox";

/** Of the declaration of Q_DREAM_TRIGGER: below the deadline, so that a cycle that overruns is reported by this service itself. */
const LIMIT_S = (DreamTrigger.deadline?.workerLimitMs ?? 28 * 60_000) / 1000;

export const config = Type.Object({
  command: Type.Array(Type.String(), {
    default: [],
    description:
      "Program and arguments of one cycle, started without a shell; empty: the built-in runner. {config}, {artifacts}, {run_tag}, {topic}, {limit_s}, {home} and {source} in an argument are replaced.",
  }),
  environment: Type.Record(Type.String({ pattern: "^[A-Za-z_][A-Za-z0-9_]*$" }), Type.String(), {
    default: {},
    description: "Environment variables of a cycle, beside those of this service.",
  }),
  workingDirectory: Type.String({
    default: "",
    description: "Where a cycle runs; empty: the home. Relative paths are relative to the home.",
  }),
  timeLimitS: Type.Number({
    default: LIMIT_S,
    exclusiveMinimum: 0,
    maximum: 604_800,
    description:
      "What a cycle may take, s. Above the default the bus reports Q_DREAM_TIMEOUT (30 minutes) while the cycle is still running.",
  }),
  graceS: Type.Number({
    default: 10,
    minimum: 0,
    maximum: 60,
    description: "From SIGTERM to SIGKILL when a cycle is over its limit, s.",
  }),
  waitingTriggers: Type.Union([Type.Literal("coalesce"), Type.Literal("refuse")], {
    default: "coalesce",
    description:
      "What becomes of triggers that arrive while a cycle runs: the next cycle takes all of them together, or they are answered as refused.",
  }),
  niceness: Type.Integer({
    default: 10,
    minimum: 0,
    maximum: 19,
    description: "How far a cycle steps back behind other programs: 0 not at all, 19 most.",
  }),
  memoryMebibytesMax: Type.Integer({
    default: 0,
    minimum: 0,
    description:
      "What each process of a cycle may allocate, MiB (prlimit --data; Bun itself needs about 300); 0: no limit.",
  }),
  logMebibytesMax: Type.Integer({
    default: 8,
    minimum: 1,
    maximum: 1024,
    description: "Size at which the log of the cycles' output is rotated, MiB.",
  }),
  logKeep: Type.Integer({
    default: 3,
    minimum: 0,
    maximum: 100,
    description: "Rotated logs that are kept beside the current one.",
  }),
});

export type Config = Static<typeof config>;
