/** What an upgrade and a rollback do alike: with the installation to themselves, from one release to another, and telling about it. */
import { type CliExit, Failure } from "../exit_codes.ts";
import { whileInstalling } from "../install/lock_installation.ts";
import type { InstallPlace } from "../install/choose_place.ts";
import { managerOf } from "../install/manager.ts";
import type { Session } from "../session.ts";
import { type ChangeReport, changeRelease, type Direction } from "./change_release.ts";
import type { ChangeFlags } from "./change_options.ts";
import { installedPlace } from "./installed_place.ts";
import { changeLines } from "./say_change.ts";
import type { Switch } from "./switch_release.ts";

/** `work` gets the installation as it is once it is locked. */
export async function changingReleases<Flags extends ChangeFlags>(
  session: Session<Flags>,
  wanted: "upgrade" | "rollback",
  work: (place: InstallPlace) => Promise<CliExit | undefined>,
): Promise<CliExit | undefined> {
  const found = installedPlace(session, wanted);
  try {
    return await whileInstalling(found, `kloros-${wanted}`, () => work(installedPlace(session, wanted)));
  } catch (error) {
    if (error instanceof Failure || !(error instanceof Error)) throw error;
    throw new Failure(
      "crashed",
      `${error.stack ?? error.message}\nSay the same again: it goes on where it was`,
      { cause: error },
    );
  }
}

type Between = Pick<Switch, "place" | "store" | "from" | "to" | "journal">;

/** Throws `Failure` as `changeRelease` does. */
export async function orderChange<Flags extends ChangeFlags>(
  session: Session<Flags>,
  between: Between,
  direction: Direction,
): Promise<ChangeReport> {
  const { flags, environment } = session;
  const { systemctl, why } = await managerOf(between.place, environment.env);
  if (why !== undefined && flags.json !== true) await session.print(`systemd is not told: ${why}`);
  return changeRelease(
    {
      ...between,
      systemctl,
      timeoutMs: flags.timeout,
      say: (text) => void (flags.json === true ? session.say(text) : session.print(text)),
      pause: (ms) => Bun.sleep(ms),
      monotonicMs: () => performance.now(),
    },
    direction,
  );
}

export async function tellChange<Flags extends ChangeFlags>(
  session: Session<Flags>,
  report: ChangeReport,
): Promise<CliExit | undefined> {
  if (session.flags.json === true) await session.printJson(report);
  else await session.print(...changeLines(report, session.palette));
  return report.undone === null ? undefined : "negative";
}
