/** `kloros status`: how is it? */
import type { Command } from "commander";
import { addCommonOptions, type CommonFlags } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import type { CliExit } from "../exit_codes.ts";
import { timeSpan } from "../read_options.ts";
import { performing, type Session } from "../session.ts";

const HELP = `
Asks the bus and each service itself, on its socket. Services that do not run, are paused or
wait for maintenance mode to end are shown and are no error by themselves. Exit code: 0 all
that runs is well, 1 a service cannot work, an alert is critical, or there are dead letters
that nobody looked at, 69 the bus does not answer. With --watch: 0 when ended by Ctrl-C.

Examples:
  kloros status
  kloros status --home /home/kloros/.kloros
  kloros status --watch --interval 5s
  kloros status --json | jq '.consumers[] | select(.open > 0)'
  kloros status --watch --json | jq .problems       a line of JSON each time
`;

interface StatusFlags extends CommonFlags {
  readonly watch?: boolean;
  readonly interval: number;
}

const INTERVAL_MS = 2000;

export function statusCommand(program: Command, environment: Environment): void {
  const command = program
    .command("status")
    .summary("show how bus, services and consumers are")
    .description(
      "Shows the bus, the services, the consumers with what waits for them, alerts, pauses, and what needs a hand.",
    )
    .option("-w, --watch", "show it again and again, in place on a terminal, until Ctrl-C")
    .option("--interval <time>", "with --watch: how often (default: 2s)", timeSpan, INTERVAL_MS)
    .addHelpText("after", HELP)
    .action(performing<StatusFlags>(environment, status));
  addCommonOptions(command);
}

async function status(session: Session<StatusFlags>): Promise<CliExit> {
  const { watch, interval } = session.flags;
  if (watch !== true) {
    const { lines, json, exit } = await look(session);
    await (session.json ? session.printJson(json) : session.print(...lines));
    return exit;
  }
  const { Redraw } = await import("../status/redraw.ts");
  const { pause } = await import("@kloros/daemon");
  const abort = session.environment.stopRequested();
  const picture = new Redraw(session);
  while (!abort.aborted) {
    const { lines, json } = await look(session);
    if (abort.aborted) break;
    await (session.json ? session.printJsonLine(json) : picture.draw(lines));
    await pause(interval, abort);
  }
  return "ok";
}

interface Looked {
  readonly lines: readonly string[];
  readonly json: unknown;
  readonly exit: CliExit;
}

async function look(session: Session): Promise<Looked> {
  const { gatherStatus } = await import("../status/gather_status.ts");
  const { judge } = await import("../status/judge.ts");
  const { statusLines } = await import("../status/status_lines.ts");
  const report = await gatherStatus(session);
  const verdict = judge(report);
  return {
    lines: session.json ? [] : statusLines(report, verdict, session),
    json: { ...report, problems: verdict.problems },
    exit: verdict.exit,
  };
}
