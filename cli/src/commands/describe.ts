/** `kloros describe`: what each service does, by its own manifest. */
import type { Command } from "commander";
import type { ServiceDescription } from "@kloros/daemon";
import { addCommonOptions } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import { Failure } from "../exit_codes.ts";
import { unknownName } from "../known_names.ts";
import { isServiceName, SERVICE_NAMES } from "../multicall/service_names.ts";
import { performing, type Session } from "../session.ts";
import { table } from "../view/table.ts";

const HELP = `
It is read from the manifests that the services run by: purpose, signals in and out with
their facts, how it decides, its settings with defaults, what it reads and writes.

Examples:
  kloros describe                                  all services in a line each
  kloros describe capability-integrator
  kloros describe --json | jq '.[].decisions'      for programs: all of it
`;

export function describeCommand(program: Command, environment: Environment): void {
  const command = program
    .command("describe")
    .summary("explain the services: signals, decisions, settings")
    .description("Explains what a service does: signals, decisions, settings, files.")
    .argument("[service]", `one of ${SERVICE_NAMES.join(", ")}`)
    .addHelpText("after", HELP)
    .action(performing(environment, describe));
  addCommonOptions(command);
}

async function describe(session: Session, [name]: readonly string[]): Promise<undefined> {
  const { describeServices } = await import("../reference/describe_services.ts");
  if (name === undefined) {
    const all = await describeServices(SERVICE_NAMES);
    await (session.json ? session.printJson(all) : session.print(...overview(session, all)));
    return undefined;
  }
  if (!isServiceName(name)) throw new Failure("usage", await unknownName("service", name, SERVICE_NAMES));
  const [one] = await describeServices([name]);
  if (one === undefined) throw new Failure("crashed", `${name} has no description`);
  if (session.json) await session.printJson(one);
  else {
    const { serviceLines } = await import("../view/service_lines.ts");
    await session.print(...serviceLines(one, session.palette));
  }
  return undefined;
}

function overview(session: Session, all: readonly ServiceDescription[]): readonly string[] {
  const rows = all.map(({ name, consumes, emits, purpose }) => [
    session.palette.source(name),
    String(consumes.length),
    String(emits.length),
    purpose,
  ]);
  return table(
    [
      { title: "SERVICE" },
      { title: "IN", align: "right" },
      { title: "OUT", align: "right" },
      { title: "PURPOSE" },
    ],
    rows,
    session,
  );
}
