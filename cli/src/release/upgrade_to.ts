/** One upgrade, from what was named to what is told about it. */
import { existsSync } from "node:fs";
import { type CliExit, Failure } from "../exit_codes.ts";
import { agree } from "../install/agree.ts";
import type { InstallPlace } from "../install/choose_place.ts";
import { managerOf } from "../install/manager.ts";
import type { UpgradeFlags } from "../commands/upgrade.ts";
import type { Session } from "../session.ts";
import { addRelease, identify } from "./add_release.ts";
import { type ChangeReport, changeRelease, outdated } from "./change_release.ts";
import { findProgram } from "./find_program.ts";
import { type JournalStep, planJournal, rehearse } from "./journal_steps.ts";
import { askRelease } from "./release_description.ts";
import { type Release, ReleaseStore } from "./release_store.ts";
import { changeLines, journalLine } from "./say_change.ts";

export async function upgradeTo(
  session: Session<UpgradeFlags>,
  place: InstallPlace,
  given: string,
): Promise<CliExit | undefined> {
  const { flags, environment } = session;
  const store = new ReleaseStore(place.base);
  const from = currentRelease(store);
  const found = await findProgram(
    existsSync(store.programOf(given)) ? store.programOf(given) : given,
    environment.cwd,
  );
  try {
    const to = await identify(found.path, await askRelease(found.path, place.layout));
    if (flags.json !== true) await session.print(`from ${from.id} to ${to.id}`);
    if (flags.dryRun === true) return await dryRun(session, { from, to });
    if (to.id !== from.id) await agree(session, `Go from ${from.id} to ${to.id}?`);
    await addRelease(store, found.path, to);
    const journal = place.root === "" ? await decideJournal(session, { place, store, from, to }) : NONE;
    const { systemctl, why } = await managerOf(place, environment.env);
    if (why !== undefined && flags.json !== true) await session.print(`systemd is not told: ${why}`);
    const report = await changeRelease(
      {
        place,
        store,
        systemctl,
        from,
        to,
        journal,
        timeoutMs: flags.timeout,
        say: (text) => void (flags.json === true ? session.say(text) : session.print(text)),
        pause: (ms) => Bun.sleep(ms),
        monotonicMs: () => performance.now(),
      },
      { forward: true },
    );
    if (report.undone === null) forgetOld(store, to);
    return await tell(session, report);
  } finally {
    found.forget();
  }
}

const NONE: JournalStep = { kind: "none" };

/** Throws `Failure` when the link names nothing whole. */
export function currentRelease(store: ReleaseStore): Release {
  const id = store.named("current");
  const release = id === undefined ? undefined : store.read(id);
  if (release !== undefined) return release;
  throw new Failure(
    "negative",
    `${store.base}/current names no whole release; \`kloros install\` puts it right`,
  );
}

interface Between {
  readonly place: InstallPlace;
  readonly store: ReleaseStore;
  readonly from: Release;
  readonly to: Release;
}

async function decideJournal(
  session: Session<UpgradeFlags>,
  { place, store, from, to }: Between,
): Promise<JournalStep> {
  const between = { layout: place.layout, store, from, to };
  const journal = await planJournal(between);
  const line = journalLine(journal);
  if (line !== undefined && session.flags.json !== true) await session.print(line);
  if (journal.kind !== "up") return journal;
  // The rest of an upgrade that was interrupted: it was decided and tried before anything was switched.
  if (from.id === to.id) return journal;
  if (!journal.wayBack && session.flags.oneWay !== true)
    throw new Failure(
      "negative",
      `${to.id} takes the journal from schema version ${journal.from} to ${journal.to}, and no way leads back that loses nothing: ` +
        "neither this upgrade nor `release rollback` could undo it. To do it all the same: --one-way. Nothing was changed",
    );
  await session.patiently("trying the migration on a copy of the journal", rehearse(between));
  return journal;
}

async function dryRun(
  session: Session<UpgradeFlags>,
  { from, to }: Pick<Between, "from" | "to">,
): Promise<undefined> {
  const journal = { from: from.journal.version, to: to.journal.version, backTo: to.journal.backTo };
  if (session.flags.json === true)
    await session.printJson({ from: from.id, to: to.id, journal, changed: false });
  else
    await session.print(
      journal.from === journal.to
        ? `both work on schema version ${journal.to} of the journal`
        : `the journal would go from schema version ${journal.from} to ${journal.to}${journal.backTo <= journal.from ? ", and there is a way back" : "; there is no way back without loss"}`,
    );
}

/** The present one and the one before are kept. */
function forgetOld(store: ReleaseStore, to: Release): void {
  for (const { id } of outdated(store.list(), [to.id, store.named("previous")])) store.remove(id);
}

export async function tell(
  session: Session<UpgradeFlags>,
  report: ChangeReport,
): Promise<CliExit | undefined> {
  if (session.flags.json === true) await session.printJson(report);
  else await session.print(...changeLines(report, session.palette));
  return report.undone === null ? undefined : "negative";
}
