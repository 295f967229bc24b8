/** `kloros release list`. */
import type { Command } from "commander";
import type { Environment } from "../environment.ts";
import { Failure } from "../exit_codes.ts";
import { addInstallationOptions, type InstallationFlags } from "../install/installation_options.ts";
import { performing, type Session } from "../session.ts";
import { bytes } from "../view/amounts.ts";

const HELP = `
The one that runs, and the one that \`kloros release rollback\` goes to. Others are left by an
upgrade that went back, or by a rollback.

Examples:
  kloros release list
  kloros release list --user --json
`;

export function listCommand(release: Command, environment: Environment): void {
  const list = release
    .command("list")
    .description("Lists the releases on this machine.")
    .addHelpText("after", HELP)
    .action(performing<InstallationFlags>(environment, list_));
  addInstallationOptions(list);
}

async function list_(session: Session<InstallationFlags>): Promise<undefined> {
  const [{ choosePlace }, { ReleaseStore }, { isPackageInstalled, PACKAGE_BASE }] = await Promise.all([
    import("../install/choose_place.ts"),
    import("./release_store.ts"),
    import("../install/package_owned.ts"),
  ]);
  const place = choosePlace(session.flags, session.environment);
  const store = new ReleaseStore(place.base);
  const [current, previous] = [store.named("current"), store.named("previous")];
  const releases = store.list();
  if (releases.length === 0) {
    if (session.flags.user !== true && isPackageInstalled(session.flags.root))
      throw new Failure(
        "negative",
        `${PACKAGE_BASE} is the Debian package's; apt knows its versions: apt list -a kloros`,
      );
    throw new Failure("negative", `nothing is installed in ${place.base}`);
  }
  if (session.json)
    await session.printJson({ current: current ?? null, previous: previous ?? null, releases });
  else
    await session.print(
      ...releases.map(({ id, journal, bytes: size }) => {
        const word = id === current ? "current" : id === previous ? "previous" : "";
        return `${word.padEnd(9)} ${id}  journal schema ${journal.version}  ${bytes(size)}`;
      }),
    );
  return undefined;
}
