/** `kloros integrations`: what was entered into the registry, and taking it back. Needs no bus. */
import type { Command } from "commander";
import type { IntegrationRecord } from "@kloros/capability-integrator";
import { addCommonOptions, type CommonFlags } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import { type CliExit, Failure } from "../exit_codes.ts";
import { findPlace } from "../place.ts";
import { wholeNumber } from "../read_options.ts";
import { performing, type Session } from "../session.ts";
import { ago, number } from "../view/amounts.ts";
import { printable } from "../view/describe_facts.ts";
import { table } from "../view/table.ts";

const LIST_HELP = `
Every change that capability-integrator made to a registry or a source tree is recorded.

Examples:
  kloros integrations list
  kloros integrations list --state integrated --json
`;

const UNDO_HELP = `
Takes the entry out of the registry byte for byte, and removes the __init__.py if it was
created then and nobody changed it since. Refuses, and says why, when the entry was edited.
The module may be discovered again later: its evidence counts as new.

Examples:
  kloros integrations undo 0199f0c3-8f8e-8c3a-9d4e-0d6f2c1b7a55
  kloros integrations undo 0199f0c3      a beginning of the id that only one has
`;

interface ListFlags extends CommonFlags {
  readonly state?: string;
  readonly lines: number;
}

const LINES_DEFAULT = 100;
const LINES_MAX = 1_000_000;
const STATES: readonly IntegrationRecord["state"][] = ["integrated", "undoing", "undone"];

export function integrationsCommand(program: Command, environment: Environment): void {
  const integrations = program
    .command("integrations")
    .summary("modules entered into the registry: list, undo")
    .description("Modules that were entered into the registry, and taking one out again.")
    .addHelpText("after", "\nExamples:\n  kloros integrations list\n  kloros integrations undo 0199f0c3\n");
  const list = integrations
    .command("list")
    .description("Lists what was integrated, oldest first.")
    .option("--state <state>", `only those: ${STATES.join(", ")}`)
    .option("-n, --lines <count>", "so many of the newest", wholeNumber(1, LINES_MAX), LINES_DEFAULT)
    .addHelpText("after", LIST_HELP)
    .action(performing<ListFlags>(environment, listThem));
  const undo = integrations
    .command("undo")
    .description("Takes an integration back: registry entry and __init__.py.")
    .argument("<id>", "id of the integration, or its beginning")
    .addHelpText("after", UNDO_HELP)
    .action(performing(environment, undoOne));
  for (const command of [list, undo]) addCommonOptions(command);
}

async function listThem(session: Session<ListFlags>): Promise<undefined> {
  const { state, lines } = session.flags;
  if (state !== undefined && !(STATES as readonly string[]).includes(state)) {
    throw new Failure("usage", `--state ${state}: there are ${STATES.join(", ")}`);
  }
  const { listIntegrations } = await import("@kloros/capability-integrator");
  const { paths } = await findPlace(session.flags, session.environment);
  const all = (await listIntegrations(paths)).filter((one) => state === undefined || one.state === state);
  const shown = all.slice(-lines);
  if (session.json) await session.printJson(shown);
  else if (all.length === 0) session.say(`nothing was integrated in ${paths.home} yet`);
  else await session.print(...listLines(session, shown));
  if (all.length > shown.length)
    session.say(`${number(all.length - shown.length)} older ones: -n ${all.length} shows them`);
  return undefined;
}

function listLines(session: Session, records: readonly IntegrationRecord[]): readonly string[] {
  const { palette, environment } = session;
  const rows = records.map((one) => [
    one.id,
    ago(Date.parse(one.at), environment.nowMs()),
    one.state === "integrated" ? palette.good(one.state) : palette.warn(one.state),
    palette.strong(printable(one.key)),
    one.init_file === null ? "" : "__init__.py",
    printable(one.module_path),
    printable(one.registry),
  ]);
  const titles = ["ID", "WHEN", "STATE", "KEY", "CREATED", "MODULE", "REGISTRY"];
  return table(
    titles.map((title) => ({ title })),
    rows,
    session,
  );
}

async function undoOne(session: Session, [id = ""]: readonly string[]): Promise<CliExit> {
  const { undoIntegration } = await import("@kloros/capability-integrator");
  const { paths } = await findPlace(session.flags, session.environment);
  const result = await undoIntegration(paths, id, { nowMs: session.environment.nowMs() });
  if (session.json) await session.printJson(result);
  else if (result.undone) await session.print(result.message);
  else session.say(result.message);
  return result.undone ? "ok" : "negative";
}
