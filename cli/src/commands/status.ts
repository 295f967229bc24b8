/** `kloros status`: how is it? */
import type { Command } from "commander";
import { addCommonOptions } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import type { CliExit } from "../exit_codes.ts";
import { performing, type Session } from "../session.ts";

const HELP = `
Asks the bus and each service itself, on its socket. Services that do not run are shown and
are no error by themselves. Exit code: 0 all that runs is well, 1 a service cannot work or
there are dead letters that nobody looked at, 69 the bus does not answer.

Examples:
  kloros status
  kloros status --home /home/kloros/.kloros
  kloros status --json | jq '.consumers[] | select(.open > 0)'
  watch -n 2 kloros status
`;

export function statusCommand(program: Command, environment: Environment): void {
  const command = program
    .command("status")
    .summary("show how bus, services and consumers are")
    .description(
      "Shows the bus, the services, the consumers with what waits for them, and what needs a hand.",
    )
    .addHelpText("after", HELP)
    .action(performing(environment, status));
  addCommonOptions(command);
}

async function status(session: Session): Promise<CliExit> {
  const { gatherStatus } = await import("../status/gather_status.ts");
  const { judge } = await import("../status/judge.ts");
  const report = await gatherStatus(session);
  const verdict = judge(report);
  if (session.json) await session.printJson({ ...report, problems: verdict.problems });
  else {
    const { statusLines } = await import("../status/status_lines.ts");
    await session.print(...statusLines(report, verdict, session));
  }
  return verdict.exit;
}
