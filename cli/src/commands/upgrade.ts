/** `kloros upgrade`: a new release beside the old one, tried, switched to, and left again when it is not well. */
import type { Command } from "commander";
import type { Environment } from "../environment.ts";
import { type CliExit, Failure } from "../exit_codes.ts";
import { timeSpan } from "../read_options.ts";
import { performing, type Session } from "../session.ts";
import { addCommonOptions, type CommonFlags } from "../shared_options.ts";

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

export interface UpgradeFlags extends CommonFlags {
  readonly user?: boolean;
  readonly root?: string;
  readonly dryRun?: boolean;
  readonly oneWay?: boolean;
  readonly timeout: number;
  readonly yes?: boolean;
}

const TIMEOUT_MS = 120_000;

export function upgradeCommand(program: Command, environment: Environment): void {
  const upgrade = program
    .command("upgrade")
    .summary("go to another release, and back when it is not well")
    .description("Puts a release in the place of the present one.")
    .argument("<release>", "a program, directory or .tar of scripts/build; or the id of one that is here")
    .option("--user", "this user's installation")
    .option("--root <dir>", "the image that lies there")
    .option("--dry-run", "look at everything, change nothing")
    .option("--one-way", "also to a release that no way leads back from without loss")
    .option("--timeout <time>", "for all services to get ready", timeSpan, TIMEOUT_MS)
    .option("--yes", "do not ask")
    .addHelpText("after", HELP)
    .action(performing<UpgradeFlags>(environment, upgrade_));
  addCommonOptions(upgrade);
}

async function upgrade_(
  session: Session<UpgradeFlags>,
  [given = ""]: readonly string[],
): Promise<CliExit | undefined> {
  const { installedPlace } = await import("../release/installed_place.ts");
  const { upgradeTo } = await import("../release/upgrade_to.ts");
  const place = installedPlace(session, "upgrade");
  const { lockInstallation } = await import("../install/apply_install.ts");
  if (session.flags.dryRun === true) return upgradeTo(session, place, given);
  const lock = lockInstallation(place.base, "kloros-upgrade");
  try {
    return await upgradeTo(session, place, given);
  } catch (error) {
    if (error instanceof Failure || !(error instanceof Error)) throw error;
    throw new Failure(
      "crashed",
      `${error.stack ?? error.message}\nSay the same again: it goes on where it was`,
    );
  } finally {
    lock.release();
  }
}
