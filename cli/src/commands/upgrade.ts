/** `kloros upgrade`: a new release beside the old one, tried, switched to, and left again when it is not well. */
import type { Command } from "commander";
import type { Environment } from "../environment.ts";
import type { CliExit } from "../exit_codes.ts";
import { addChangeOptions, type ChangeFlags } from "../release/change_options.ts";
import { performing, type Session } from "../session.ts";

const HELP = `
A release is what ./scripts/build makes: the program dist/multicall/kloros, a directory that
holds it, or a .tar of one. In order:
  1. it is put beside the present one, and asked to describe itself;
  2. where it changes the journal's form, that is tried on a copy, forth and back;
  3. one link is switched, and units are written anew;
  4. the bus is started again, then all others; whoever publishes waits meanwhile;
  5. when they do not get ready in time, or die, everything goes back to what it was.
Nothing is lost and nothing done twice, also when this is interrupted: say it again.
The release before is kept for \`kloros release rollback\`. Exit code 1: it went back.

Examples:
  sudo kloros upgrade ./dist/multicall/kloros
  sudo kloros upgrade kloros-0.2.0.tar --timeout 3m
  kloros upgrade ./dist --user --dry-run
`;

export interface UpgradeFlags extends ChangeFlags {
  readonly dryRun?: boolean;
  readonly oneWay?: boolean;
}

export function upgradeCommand(program: Command, environment: Environment): void {
  const upgrade = program
    .command("upgrade")
    .summary("go to another release, and back when it is not well")
    .description("Puts a release in the place of the present one.")
    .argument("<release>", "a program, directory or .tar of scripts/build; or the id of one that is here")
    .option("--dry-run", "look at everything, change nothing")
    .option("--one-way", "also to a release that no way leads back from without loss")
    .addHelpText("after", HELP)
    .action(performing<UpgradeFlags>(environment, upgrade_));
  addChangeOptions(upgrade);
}

async function upgrade_(
  session: Session<UpgradeFlags>,
  [given = ""]: readonly string[],
): Promise<CliExit | undefined> {
  const [{ installedPlace }, { showUpgrade, upgradeTo }, { changingReleases }] = await Promise.all([
    import("../release/installed_place.ts"),
    import("../release/upgrade_to.ts"),
    import("../release/order_change.ts"),
  ]);
  if (session.flags.dryRun === true) return showUpgrade(session, installedPlace(session, "upgrade"), given);
  return changingReleases(session, "upgrade", (place) => upgradeTo(session, place, given));
}
