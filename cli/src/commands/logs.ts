/** `kloros logs`: what the services wrote to their logs. Needs no bus. */
import type { Command } from "commander";
import { addCommonOptions, type CommonFlags } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import { type CliExit, Failure } from "../exit_codes.ts";
import { LOG_LEVELS, type LogLine, type LogLevelName } from "../logs/log_line.ts";
import { unknownName } from "../known_names.ts";
import { findPlace } from "../place.ts";
import { list, pastMoment, wholeNumber } from "../read_options.ts";
import { performing, type Session } from "../session.ts";
import { logText } from "../view/log_text.ts";

const HELP = `
Reads the files that \`kloros up\` keeps in <home>/logs, the rotated ones included, and puts
the lines of all services in the order of their times. Under systemd the logs are in its
journal instead: journalctl -u 'kloros-*'.

Examples:
  kloros logs                              the last 50 lines of all services
  kloros logs intent-router -n 500         more of one
  kloros logs -f --level warn              go on, only what matters
  kloros logs --since 10m --json | jq .    the records as they are
`;

interface LogsFlags extends CommonFlags {
  readonly follow?: boolean;
  readonly lines?: number;
  readonly level: string;
  readonly since?: number;
}

const LINES_DEFAULT = 50;
const LINES_MAX = 100_000;

export function logsCommand(program: Command, environment: Environment): void {
  const command = program
    .command("logs")
    .summary("show the logs of the services")
    .description("Shows the last lines of the services' logs, in the order of their times.")
    .argument("[services...]", "only of these services")
    .option("-f, --follow", "go on with what is written")
    .option("-n, --lines <count>", "so many of the newest (default: 50)", wholeNumber(0, LINES_MAX))
    .option("--level <level>", `this level and worse: ${LOG_LEVELS.join(", ")}`, "trace")
    .option("--since <time>", "since then: 90s, 10m, 2h, 3d, or a moment", pastMoment(environment.nowMs))
    .addHelpText("after", HELP)
    .action(performing<LogsFlags>(environment, logs));
  addCommonOptions(command);
}

async function logs(session: Session<LogsFlags>, args: readonly string[]): Promise<CliExit> {
  const { level, lines, since, follow } = session.flags;
  const services = args.length === 0 ? undefined : args.flatMap((arg) => list(arg, undefined));
  if (!isLevel(level)) throw new Failure("usage", `--level ${level}: there are ${LOG_LEVELS.join(", ")}`);
  const { paths } = await findPlace(session.flags, session.environment);
  const { listLogs } = await import("../logs/log_files.ts");
  const found = listLogs(paths.logs);
  const missing = services?.find((name) => !found.has(name));
  const nothing = found.size === 0 && follow !== true;
  if (nothing)
    throw new Failure(
      "negative",
      `there are no logs in ${paths.logs}; under systemd: journalctl -u 'kloros-*'`,
    );
  if (missing !== undefined && follow !== true) {
    throw new Failure("negative", await unknownName("log of", missing, [...found.keys()]));
  }
  const { LogReader } = await import("../logs/log_reader.ts");
  const count = lines ?? (since === undefined ? LINES_DEFAULT : LINES_MAX);
  const reader = new LogReader({ directory: paths.logs, services, level, sinceMs: since ?? 0 });
  for (const line of reader.newest(count)) await show(session, line);
  if (follow !== true) return "ok";
  for await (const line of reader.follow(session.environment.stopRequested())) await show(session, line);
  return "ok";
}

function isLevel(level: string): level is LogLevelName {
  return (LOG_LEVELS as readonly string[]).includes(level);
}

function show(session: Session, line: LogLine): Promise<void> {
  if (session.json) return session.printJsonLine(line.record ?? { service: line.service, text: line.text });
  return session.print(logText(line, session.palette));
}
