/** One upgrade, from what was named to what is told about it. */
import { existsSync } from "node:fs";
import { type CliExit, Failure } from "../exit_codes.ts";
import { agree } from "../install/agree.ts";
import type { InstallPlace } from "../install/choose_place.ts";
import { findFiles, refuseForeign } from "../install/plan_install.ts";
import type { UpgradeFlags } from "../commands/upgrade.ts";
import type { Session } from "../session.ts";
import { addRelease, identify } from "./add_release.ts";
import { findProgram, type FoundProgram } from "./find_program.ts";
import { type JournalStep, planJournal, rehearse } from "./journal_steps.ts";
import { orderChange, tellChange } from "./order_change.ts";
import { askRelease, type ReleaseDescription } from "./release_description.ts";
import { type Release, ReleaseStore } from "./release_store.ts";
import { journalLine } from "./say_change.ts";

export async function upgradeTo(
  session: Session<UpgradeFlags>,
  place: InstallPlace,
  given: string,
): Promise<CliExit | undefined> {
  return withRelease(session, place, given, async ({ found, store, from, to }) => {
    if (to.id !== from.id) await agree(session, `Go from ${from.id} to ${to.id}?`);
    await addRelease(store, found.path, to);
    const journal = place.root === "" ? await decideJournal(session, { place, store, from, to }) : NONE;
    const report = await orderChange(session, { place, store, from, to, journal }, { forward: true });
    if (report.undone === null) forgetOld(store, to);
    return tellChange(session, report);
  });
}

/** What would be done, as far as it can be seen without doing it. Throws `Failure` where it would be refused. */
export async function showUpgrade(
  session: Session<UpgradeFlags>,
  place: InstallPlace,
  given: string,
): Promise<CliExit | undefined> {
  return withRelease(session, place, given, async ({ from, to, description }) => {
    refuseForeign(findFiles(place, description), "upgrade");
    const journal = { from: from.journal.version, to: to.journal.version, backTo: to.journal.backTo };
    if (session.flags.json === true)
      await session.printJson({ from: from.id, to: to.id, journal, changed: false });
    else await session.print(journalPreview(journal));
    return undefined;
  });
}

interface Upgrade extends Omit<Between, "place"> {
  readonly found: FoundProgram;
  readonly description: ReleaseDescription;
}

async function withRelease(
  session: Session<UpgradeFlags>,
  { base, layout }: InstallPlace,
  given: string,
  work: (upgrade: Upgrade) => Promise<CliExit | undefined>,
): Promise<CliExit | undefined> {
  const store = new ReleaseStore(base);
  const from = currentRelease(store);
  const named = existsSync(store.programOf(given)) ? store.programOf(given) : given;
  const found = await findProgram(named, session.environment.cwd);
  try {
    const description = await askRelease(found.path, layout);
    const to = await identify(found.path, description);
    if (session.flags.json !== true) await session.print(`from ${from.id} to ${to.id}`);
    return await work({ found, description, store, from, to });
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

function journalPreview({ from, to, backTo }: Readonly<Record<"from" | "to" | "backTo", number>>): string {
  if (from === to) return `both work on schema version ${to} of the journal`;
  const back = backTo <= from ? ", and there is a way back" : "; there is no way back without loss";
  return `the journal would go from schema version ${from} to ${to}${back}`;
}

/** The present one and the one before are kept. */
function forgetOld(store: ReleaseStore, to: Release): void {
  const kept = new Set([to.id, store.named("previous")]);
  for (const { id } of store.list()) if (!kept.has(id)) store.remove(id);
}
