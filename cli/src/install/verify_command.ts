/** `kloros install verify`. */
import type { Command } from "commander";
import type { Environment } from "../environment.ts";
import { type CliExit, Failure } from "../exit_codes.ts";
import { addInstallationOptions, type InstallationFlags } from "./installation_options.ts";
import { performing, type Session } from "../session.ts";
import type { VerifyReport } from "./verify_installation.ts";

const HELP = `
Looks at the program's hash, the links, every file with its text, mode and owner, and whether each
running service is of the release that is installed. Exit code 1 when anything is not as it should
be. Named as well, and nobody's mistake: drop-ins that override a unit, what does not run, and
whether it starts at boot.

Examples:
  sudo kloros install verify
  kloros install verify --user --json | jq '.problems[]'
`;

export function verifyCommand(install: Command, environment: Environment): void {
  const verify = install
    .command("verify")
    .description("Compares what is installed with what should be.")
    .addHelpText("after", HELP)
    .action(performing<InstallationFlags>(environment, work));
  addInstallationOptions(verify);
}

async function work(session: Session<InstallationFlags>): Promise<CliExit | undefined> {
  const { flags, environment } = session;
  const [{ choosePlace }, { isPackageInstalled }, { verifyPackage }, { verifyInstallation }, { managerOf }] =
    await Promise.all([
      import("./choose_place.ts"),
      import("./package_owned.ts"),
      import("./verify_package.ts"),
      import("./verify_installation.ts"),
      import("./manager.ts"),
    ]);
  const place = choosePlace(flags, environment);
  if (place.record === undefined && flags.user !== true && isPackageInstalled(flags.root))
    return say(session, await verifyPackage(environment.env), undefined);
  if (place.record === undefined)
    throw new Failure(
      "negative",
      `nothing is installed in ${place.base}; \`kloros install --dry-run\` shows what would be`,
    );
  const { systemctl, why } = await managerOf(place, environment.env);
  return say(session, await verifyInstallation(place, systemctl), why);
}

async function say(
  session: Session<InstallationFlags>,
  report: VerifyReport,
  why: string | undefined,
): Promise<CliExit> {
  const { flags } = session;
  if (flags.json === true)
    await session.printJson({ ...report, ...(why === undefined ? {} : { notAsked: why }) });
  else {
    const { palette } = session;
    await session.print(
      ...report.problems.map((text) => palette.bad(text)),
      ...report.notes,
      ...(why === undefined ? [] : [`systemd was not asked: ${why}`]),
      report.ok
        ? palette.good(
            `${report.release ?? ""} is installed as it should be (${report.checked} things looked at)`,
          )
        : palette.bad(
            `${report.problems.length} of ${report.checked} things are not as they should be; ${report.mend}`,
          ),
    );
  }
  return report.ok ? "ok" : "negative";
}
