/** `kloros maintenance`: everything that changes something waits. Needs no bus. */
import type { Command } from "commander";
import type { RestNote } from "@kloros/daemon";
import { addCommonOptions, type CommonFlags } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import { loginName } from "../login_name.ts";
import { existingPlace } from "../place.ts";
import { timeSpan } from "../read_options.ts";
import { restJson } from "../rest/rest_note.ts";
import { performing, type Session } from "../session.ts";
import { ago } from "../view/amounts.ts";
import { printable } from "../view/describe_facts.ts";

const ON_HELP = `
Services look once a second. What is being worked on may end; then the router, the
integrator, D-REAM, the deployer and the rules wait. What comes meanwhile is kept, and goes on
afterwards. With --for it ends by itself. Saying it again replaces time and reason.

Examples:
  kloros maintenance on --for 2h --reason "the disk is being changed"
  kloros maintenance on
  kloros maintenance off
`;

interface OnFlags extends CommonFlags {
  readonly for?: number;
  readonly reason?: string;
}

export function maintenanceCommand(program: Command, environment: Environment): void {
  const maintenance = program
    .command("maintenance")
    .summary("make everything that changes something wait: on, off, status")
    .description("Maintenance mode: what changes something waits, nothing is lost.")
    .addHelpText("after", "\nExamples:\n  kloros maintenance on --for 2h\n  kloros maintenance off\n");
  const on = maintenance
    .command("on")
    .description("Turns maintenance mode on.")
    .option("--for <time>", "ends by itself after 90s, 15m, 2h, 1d (default: only by `off`)", timeSpan)
    .option("--reason <text>", "why, for whoever looks")
    .addHelpText("after", ON_HELP)
    .action(performing<OnFlags>(environment, turnOn));
  const off = maintenance
    .command("off")
    .description("Turns maintenance mode off; also when it is off already.")
    .addHelpText("after", "\nExamples:\n  kloros maintenance off\n")
    .action(performing(environment, turnOff));
  const status = maintenance
    .command("status")
    .description("Says whether maintenance mode is on, until when and why.")
    .addHelpText("after", "\nExamples:\n  kloros maintenance status --json | jq .maintenance.until\n")
    .action(performing(environment, show));
  for (const command of [on, off, status]) addCommonOptions(command);
}

async function turnOn(session: Session<OnFlags>): Promise<undefined> {
  const { flags, environment } = session;
  const { writeMaintenance } = await import("@kloros/daemon");
  const { paths } = await existingPlace(flags, environment);
  const nowMs = environment.nowMs();
  const untilMs = flags.for === undefined ? undefined : nowMs + flags.for;
  const by = loginName(environment.env);
  const note = await writeMaintenance(paths, { reason: flags.reason ?? "", by, nowMs, untilMs });
  return tell(session, note);
}

async function turnOff(session: Session): Promise<undefined> {
  const { removeMaintenance } = await import("@kloros/daemon");
  const { paths } = await existingPlace(session.flags, session.environment);
  const changed = removeMaintenance(paths);
  if (session.json) await session.printJson({ maintenance: null, changed });
  else await session.print(changed ? "maintenance mode is off now" : "maintenance mode was off already");
  return undefined;
}

async function show(session: Session): Promise<undefined> {
  const { readMaintenance } = await import("@kloros/daemon");
  const { paths } = await existingPlace(session.flags, session.environment);
  return tell(session, readMaintenance(paths, { nowMs: session.environment.nowMs() }));
}

async function tell(session: Session, note: RestNote | undefined): Promise<undefined> {
  if (session.json) {
    await session.printJson({ maintenance: note === undefined ? null : restJson(note) });
    return undefined;
  }
  if (note === undefined) {
    await session.print("maintenance mode is off");
    return undefined;
  }
  const { maintenanceText } = await import("@kloros/daemon");
  const since = note.sinceMs === undefined ? "" : `, since ${ago(note.sinceMs, session.environment.nowMs())}`;
  await session.print(`${printable(maintenanceText(note))}${session.palette.faint(since)}`);
  if (note.untilMs === undefined) session.say("it stays on until: kloros maintenance off");
  return undefined;
}
