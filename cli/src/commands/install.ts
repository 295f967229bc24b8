/** `kloros install`: this program, its units and what they need, onto a machine, for one user, or into an image. */
import type { Command } from "commander";
import type { Environment } from "../environment.ts";
import { type CliExit, Failure } from "../exit_codes.ts";
import type { Session } from "../session.ts";
import { performing } from "../session.ts";
import { addCommonOptions, type CommonFlags } from "../shared_options.ts";
import type { InstallPlan } from "../install/plan_install.ts";
import type { SaidPlan } from "../install/say_install.ts";
import { verifyCommand } from "../install/verify_command.ts";

const HELP = `
Shows every file with its mode, its owner and why it is written, then asks. What is there and
right is left alone, so it can be said again, also to finish what was interrupted.

  for the whole machine   as root: /opt/kloros, /etc/systemd/system, /usr/local/bin/kloros
  for one user (--user)   ~/.local/lib/kloros, ~/.config/systemd/user, ~/.local/bin/kloros
  into an image (--root)  the same files below a directory; nothing is started or asked

An existing KLoROS (/home/kloros/.kloros and /home/kloros/src) is adopted: found by itself, or
named with --home and --source. Its data and its daemons are left as they are, and services
open it in observe mode; \`kloros migrate\` then goes over to them phase by phase.

Nothing is started: systemctl enable --now kloros.target does that.

Examples:
  kloros install --dry-run
  sudo kloros install --yes
  sudo kloros install --home /home/kloros/.kloros --source /home/kloros/src
  kloros install --user
`;

export interface InstallFlags extends CommonFlags {
  readonly user?: boolean;
  readonly root?: string;
  readonly from?: string;
  readonly dryRun?: boolean;
  readonly replace?: boolean;
  readonly yes?: boolean;
}

export function installCommand(program: Command, environment: Environment): void {
  const install = program
    .command("install")
    .summary("put it onto this machine, with systemd units; verify what is installed")
    .description("Installs this program, its units and what they need.")
    .option("--user", "for this user only, under the user's own systemd")
    .option("--root <dir>", "into the image that lies there")
    .option(
      "--from <release>",
      "another release than this program: a file, directory or .tar of scripts/build",
    )
    .option("--dry-run", "show every file and how existing ones differ; change nothing")
    .option("--replace", "move somebody else's files that are in the way aside")
    .option("--yes", "do not ask")
    .addHelpText("after", HELP)
    .action(performing<InstallFlags>(environment, install_));
  addCommonOptions(install);
  verifyCommand(install, environment);
}

async function install_(session: Session<InstallFlags>): Promise<CliExit | undefined> {
  const { flags, environment } = session;
  const [{ choosePlace }, { refusePackaged }, { programToInstall }, { planInstall }] = await Promise.all([
    import("../install/choose_place.ts"),
    import("../install/package_owned.ts"),
    import("../install/program_to_install.ts"),
    import("../install/plan_install.ts"),
  ]);
  if (flags.user !== true) refusePackaged("install", flags.root);
  choosePlace(flags, environment);
  refuseWithoutRights(flags);
  const program = await programToInstall(flags.from, environment.cwd);
  try {
    return await carryOut(session, () => planInstall(choosePlace(flags, environment), program.path));
  } finally {
    program.forget();
  }
}

/** A dry run may look at everything. */
function refuseWithoutRights({ user, root, dryRun }: InstallFlags): void {
  if (dryRun === true || root !== undefined) return;
  const isRoot = process.getuid?.() === 0;
  if (user !== true && !isRoot)
    throw new Failure(
      "negative",
      "for the whole machine this must be root: sudo kloros install; or --user for yourself",
    );
  if (user === true && isRoot)
    throw new Failure(
      "negative",
      "--user as root would install for the user root: say it as the user whose services they are, or leave --user out",
    );
}

/** Shown, agreed to, and then done only if it is still what was shown. */
async function carryOut(
  session: Session<InstallFlags>,
  makePlan: () => Promise<InstallPlan>,
): Promise<CliExit | undefined> {
  const { flags } = session;
  const { isComplete, refuseForeign } = await import("../install/plan_install.ts");
  const { describePlan, printPlan } = await import("../install/say_install.ts");
  const shown = await makePlan();
  const said = describePlan(shown);
  if (flags.json !== true) await printPlan(session, said);
  if (flags.dryRun === true) {
    if (flags.json === true) await session.printJson({ ...said, changed: false });
    return undefined;
  }
  if (flags.replace !== true) refuseForeign(shown.files, "install");
  if (!isComplete(shown)) {
    const { agree } = await import("../install/agree.ts");
    await agree(session, "Write these files?");
  }
  const { whileInstalling } = await import("../install/lock_installation.ts");
  return whileInstalling(shown.place, "kloros-install", async () => {
    const plan = await makePlan();
    if (!Bun.deepEquals(describePlan(plan).files, said.files))
      throw new Failure(
        "negative",
        "what is there changed since it was shown, so nothing was changed; say it again and look at what it shows now",
      );
    return write(session, plan, said);
  });
}

async function write(session: Session<InstallFlags>, plan: InstallPlan, said: SaidPlan): Promise<undefined> {
  const { flags, environment } = session;
  const [{ applyInstall }, { managerOf }, { isComplete }, { printEnd }] = await Promise.all([
    import("../install/apply_install.ts"),
    import("../install/manager.ts"),
    import("../install/plan_install.ts"),
    import("../install/say_install.ts"),
  ]);
  const { systemctl, why } = await managerOf(plan.place, environment.env);
  const told = await applyInstall(plan, { systemctl, replace: flags.replace === true });
  if (flags.json === true) await session.printJson({ ...said, changed: !isComplete(plan), ...told });
  else await printEnd(session, plan, { ...told, noManager: why });
  return undefined;
}
