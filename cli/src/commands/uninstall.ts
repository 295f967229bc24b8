/** `kloros uninstall`: what was installed goes, what was worked on stays. */
import type { Command } from "commander";
import type { InstallPlace } from "../install/choose_place.ts";
import { addInstallationOptions, type InstallationFlags } from "../install/installation_options.ts";
import type { RemovalPlan } from "../install/remove_installation.ts";
import type { Environment } from "../environment.ts";
import { type CliExit, Failure } from "../exit_codes.ts";
import { performing, type Session } from "../session.ts";

const HELP = `
Stops the services, then takes away units, programs and the command. Settings, the journal and
everything in the home stay, so that a later \`kloros install\` goes on where this ended. What
was moved aside at the installation (--replace) is put back.

--purge-data takes the settings, the home with the journal, and the logs too. A home that this
software did not make is never taken away, only the journal and the logs.

Examples:
  sudo kloros uninstall --dry-run
  sudo kloros uninstall --yes
  kloros uninstall --user --purge-data
`;

export interface UninstallFlags extends InstallationFlags {
  readonly purgeData?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export function uninstallCommand(program: Command, environment: Environment): void {
  const uninstall = program
    .command("uninstall")
    .summary("take it off this machine; the data stays")
    .description("Takes away what was installed.")
    .option("--purge-data", "the data too: it cannot be brought back")
    .option("--dry-run", "show what would go; change nothing")
    .option("--yes", "do not ask")
    .addHelpText("after", HELP)
    .action(performing<UninstallFlags>(environment, uninstall_));
  addInstallationOptions(uninstall);
}

async function uninstall_(session: Session<UninstallFlags>): Promise<CliExit | undefined> {
  const [{ installedPlace }, { whileInstalling }] = await Promise.all([
    import("../release/installed_place.ts"),
    import("../install/lock_installation.ts"),
  ]);
  const place = installedPlace(session, "uninstall");
  if (session.flags.dryRun === true) return show(session, place);
  return whileInstalling(place, "kloros-uninstall", () =>
    takeAway(session, installedPlace(session, "uninstall")),
  );
}

async function show(session: Session<UninstallFlags>, place: InstallPlace): Promise<undefined> {
  const { plan, said } = await look(session, place);
  if (session.flags.json === true) await session.printJson(said);
  else await session.print(...removalLines(plan));
}

async function takeAway(session: Session<UninstallFlags>, place: InstallPlace): Promise<undefined> {
  const { flags, environment } = session;
  const { plan, said } = await look(session, place);
  if (flags.json !== true) await session.print(...removalLines(plan));
  const [{ agree }, { applyRemoval }, { managerOf }] = await Promise.all([
    import("../install/agree.ts"),
    import("../install/remove_installation.ts"),
    import("../install/manager.ts"),
  ]);
  await agree(
    session,
    flags.purgeData === true ? "Take all of this away, with the data?" : "Take this away?",
  );
  const { systemctl } = await managerOf(place, environment.env);
  await applyRemoval(place, plan, systemctl);
  if (flags.json === true) await session.printJson(said);
  else await session.print(session.palette.good("uninstalled"));
}

async function look({ flags }: Session<UninstallFlags>, place: InstallPlace) {
  const [{ planRemoval }, { uninstallObjection }] = await Promise.all([
    import("../install/remove_installation.ts"),
    import("../migrate/uninstall_objection.ts"),
  ]);
  const purge = flags.purgeData === true;
  const objection = uninstallObjection(place.layout, { purge, root: place.root });
  if (objection !== undefined) throw new Failure("negative", `nothing was changed: ${objection}`);
  const plan = planRemoval(place, { purge });
  return { plan, said: { base: place.base, ...plan } };
}

function removalLines({ files, data, stays, comesBack }: RemovalPlan): readonly string[] {
  return [
    "goes:",
    ...files.map((path) => `  ${path}`),
    ...data.map((path) => `  ${path}  (data)`),
    ...(stays.length === 0 ? [] : ["stays:", ...stays.map((path) => `  ${path}`)]),
    ...(comesBack.length === 0 ? [] : ["comes back:", ...comesBack.map((path) => `  ${path}`)]),
  ];
}
