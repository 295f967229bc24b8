/** `kloros uninstall`: what was installed goes, what was worked on stays. */
import type { Command } from "commander";
import type { RemovalPlan } from "../install/remove_installation.ts";
import type { Environment } from "../environment.ts";
import { type CliExit, Failure } from "../exit_codes.ts";
import { performing, type Session } from "../session.ts";
import { addCommonOptions, type CommonFlags } from "../shared_options.ts";

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

export interface UninstallFlags extends CommonFlags {
  readonly user?: boolean;
  readonly root?: string;
  readonly purgeData?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export function uninstallCommand(program: Command, environment: Environment): void {
  const uninstall = program
    .command("uninstall")
    .summary("take it off this machine; the data stays")
    .description("Takes away what was installed.")
    .option("--user", "this user's installation")
    .option("--root <dir>", "from the image that lies there")
    .option("--purge-data", "the data too: it cannot be brought back")
    .option("--dry-run", "show what would go; change nothing")
    .option("--yes", "do not ask")
    .addHelpText("after", HELP)
    .action(performing<UninstallFlags>(environment, uninstall_));
  addCommonOptions(uninstall);
}

async function uninstall_(session: Session<UninstallFlags>): Promise<CliExit | undefined> {
  const { flags, environment } = session;
  const [{ choosePlace }, { refusePackaged }, removal, { managerOf }, { uninstallObjection }] =
    await Promise.all([
      import("../install/choose_place.ts"),
      import("../install/package_owned.ts"),
      import("../install/remove_installation.ts"),
      import("../install/manager.ts"),
      import("../migrate/uninstall_objection.ts"),
    ]);
  const place = choosePlace(flags, environment);
  if (place.record === undefined && flags.user !== true) refusePackaged("uninstall", flags.root);
  if (place.record === undefined) throw new Failure("negative", `nothing is installed in ${place.base}`);
  const objection = uninstallObjection(place.layout, { purge: flags.purgeData === true, root: place.root });
  if (objection !== undefined) throw new Failure("negative", `nothing was changed: ${objection}`);
  const plan = removal.planRemoval(place, { purge: flags.purgeData === true });
  const said = { base: place.base, ...plan };
  if (flags.json !== true) await session.print(...removalLines(plan));
  if (flags.dryRun === true) {
    if (flags.json === true) await session.printJson(said);
    return undefined;
  }
  const { agree } = await import("../install/agree.ts");
  await agree(
    session,
    flags.purgeData === true ? "Take all of this away, with the data?" : "Take this away?",
  );
  const { lockInstallation } = await import("../install/apply_install.ts");
  const lock = lockInstallation(place.base, "kloros-uninstall");
  try {
    const { systemctl } = await managerOf(place, environment.env);
    await removal.applyRemoval(place, plan, systemctl);
  } finally {
    lock.release();
  }
  if (flags.json === true) await session.printJson(said);
  else await session.print(session.palette.good("uninstalled"));
  return undefined;
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
