import { Command, InvalidArgumentError, Option } from "commander";
import { CYCLE_EXIT } from "../run/cycle_exit.ts";
import {
  barProgress,
  CLEARED_LINE,
  jsonProgress,
  noProgress,
  type ProgressReporter,
} from "../run/progress.ts";
import { runCycle } from "../run/run_cycle.ts";
import { isRunTag } from "../run_tag.ts";
import type { SubcommandOptions } from "./subcommand.ts";
import type { DreamCliSurroundings } from "./surroundings.ts";

const PARALLEL_MAX = 1024;
const WEEK_S = 7 * 86_400;

interface RunFlags {
  readonly config: string;
  readonly artifacts?: string;
  readonly runTag?: string;
  readonly experiment?: readonly string[];
  readonly parallel?: number;
  readonly seed?: number;
  readonly limit?: number;
  readonly progress?: "bar" | "json" | "none";
}

export function runCommand({ surroundings, done }: SubcommandOptions): Command {
  return new Command("run")
    .description("run one cycle: every enabled experiment of the file, one after the other")
    .requiredOption("-c, --config <file>", "the installation's dream.yaml")
    .option("-a, --artifacts <dir>", "where results go (default: run.artifact_root of the file)")
    .option(
      "--run-tag <tag>",
      "name of this cycle (default: KLOROS_RUN_TAG, else the time and the process)",
      runTag,
    )
    .option("-e, --experiment <name...>", "only these, also when they are disabled")
    .option(
      "-p, --parallel <n>",
      "evaluators at the same time (default: half of the cores)",
      whole(1, PARALLEL_MAX),
    )
    .option("--seed <n>", "the same seed proposes the same candidates", whole(0, Number.MAX_SAFE_INTEGER))
    .option("--limit <seconds>", "for the whole cycle; what was found by then counts", whole(1, WEEK_S))
    .addOption(
      new Option("--progress <how>", "bar on stderr, json lines on stdout, or none").choices([
        "bar",
        "json",
        "none",
      ]),
    )
    .addHelpText(
      "after",
      "\nWithout --progress: a bar when stderr is a terminal. SIGTERM ends the evaluators and writes the report.\n",
    )
    .action(async (flags: RunFlags) => {
      done(await run(flags, surroundings));
    });
}

async function run(flags: RunFlags, surroundings: DreamCliSurroundings): Promise<number> {
  const { clock, environment, stderr } = surroundings;
  const named = flags.runTag ?? environment["KLOROS_RUN_TAG"];
  if (named !== undefined && !isRunTag(named)) {
    stderr(`kloros-dream: KLOROS_RUN_TAG=${named}: ${RUN_TAG_RULE}\n`);
    return CYCLE_EXIT.usage.code;
  }
  const reporter = reporterFor(flags, surroundings);
  const stop = surroundings.listenForStop();
  const isBar = reporter !== noProgress && flags.progress !== "json";
  try {
    const report = await runCycle({
      config: flags.config,
      artifacts: flags.artifacts,
      runTag: named ?? `${String(Math.floor(clock.wallMs() / 1000))}-${String(process.pid)}`,
      experiments: flags.experiment ?? [],
      parallel: flags.parallel,
      seed: flags.seed,
      limitS: flags.limit,
      clock,
      environment,
      abort: stop.signal,
      onProgress: (progress) => {
        reporter.update(progress);
      },
      say: (line) => {
        stderr(`${isBar ? CLEARED_LINE : ""}${line}\n`);
      },
    });
    reporter.close();
    if (report.error !== null) stderr(`kloros-dream: ${report.error}\n`);
    return report.exit_code;
  } finally {
    stop.close();
  }
}

function reporterFor({ progress }: RunFlags, surroundings: DreamCliSurroundings): ProgressReporter {
  const { clock, isTerminal, columns, stdout, stderr } = surroundings;
  const nowMs = (): number => clock.monotonicMs();
  const how = progress ?? (isTerminal ? "bar" : "none");
  if (how === "json") return jsonProgress({ write: stdout, nowMs });
  return how === "bar" ? barProgress({ write: stderr, nowMs, columns }) : noProgress;
}

const RUN_TAG_RULE =
  'a file is named by it: use letters, digits, ".", "_" and "-", at most 128, the first no mark';

function runTag(text: string): string {
  if (!isRunTag(text)) throw new InvalidArgumentError(RUN_TAG_RULE);
  return text;
}

function whole(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= from && value <= to) return value;
    throw new InvalidArgumentError(`give a whole number from ${String(from)} to ${String(to)}`);
  };
}
