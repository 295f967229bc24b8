/** What a change of releases means for the journal, decided before anything is stopped. */
import { existsSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../exit_codes.ts";
import { runTool } from "../install/run_tool.ts";
import type { InstallLayout } from "../units/layout.ts";
import { bytes } from "../view/amounts.ts";
import type { Release, ReleaseStore } from "./release_store.ts";
import { asServices, runAsService } from "./service_account.ts";

/** Up or down, before the program that works on it starts. */
export type JournalStep =
  | { readonly kind: "none" }
  | { readonly kind: "up"; readonly from: number; readonly to: number; readonly wayBack: boolean }
  | { readonly kind: "down"; readonly from: number; readonly to: number };

interface Between {
  readonly layout: InstallLayout;
  readonly store: ReleaseStore;
  readonly from: Release;
  readonly to: Release;
}

/** Throws `Failure` where something that was acknowledged would be lost. */
export async function planJournal({ layout, store, from, to }: Between): Promise<JournalStep> {
  const found = await journalVersion(store, from.journal.version >= to.journal.version ? from : to, layout);
  if (found === null || found === to.journal.version) return { kind: "none" };
  if (found < to.journal.version)
    return { kind: "up", from: found, to: to.journal.version, wayBack: to.journal.backTo <= found };
  if (from.journal.backTo <= to.journal.version && from.journal.version >= found)
    return { kind: "down", from: found, to: to.journal.version };
  throw new Failure(
    "negative",
    `the journal has schema version ${found}, which ${to.id} does not know (it knows ${to.journal.version}), and ${from.id} has no way back ` +
      `that loses nothing. Stay with ${from.id}; nothing was changed. The journal as it was before that step is ${layout.state}/journal.db.v${to.journal.version}: ` +
      "what came later is not in it",
  );
}

/** Null: there is no journal yet. */
async function journalVersion(
  store: ReleaseStore,
  newer: Release,
  layout: InstallLayout,
): Promise<number | null> {
  if (!existsSync(join(layout.state, "journal.db"))) return null;
  const said = await runAsService(store.programOf(newer.id), ["journal", "version"], layout);
  const found = (said as { readonly found?: unknown }).found;
  return typeof found === "number" ? found : null;
}

/** With the bus stopped. The newer one of the two programs does it: it knows both forms. */
export async function changeJournal(step: JournalStep, { store, from, to, layout }: Between): Promise<void> {
  if (step.kind === "up") await runAsService(store.programOf(to.id), ["journal", "migrate"], layout);
  if (step.kind === "down")
    await runAsService(store.programOf(from.id), ["journal", "downgrade", "--to", String(step.to)], layout);
}

/** Tries the new release's migration on a copy, while the old one goes on. Throws `Failure` when it does not work out. */
export async function rehearse({ layout, store, from, to }: Between): Promise<void> {
  const directory = join(layout.state, "rehearsal");
  const copy = join(directory, "journal.db");
  needRoom(layout);
  // By the services' user as well: root would follow what that user puts in the place of a directory of root's.
  const forget = [...asServices(layout), "rm", "--recursive", "--force", directory];
  await runTool(forget);
  try {
    await runTool([...asServices(layout), "mkdir", "--mode=0700", directory]);
    await runAsService(store.programOf(from.id), ["journal", "backup", copy], layout);
    await runAsService(store.programOf(to.id), ["release", "rehearse", copy], layout);
  } finally {
    await runTool(forget);
  }
}

/** The copy, what the migration keeps of it, and the way back; later the journal's own copy. */
const COPIES = 3;

function needRoom({ state }: InstallLayout): void {
  const size = ["", "-wal"].reduce(
    (sum, end) => sum + (statSync(join(state, `journal.db${end}`), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
  const { bavail, bsize } = statfsSync(state);
  if (bavail * bsize >= size * COPIES) return;
  throw new Failure(
    "negative",
    `the journal changes its form, which needs ${bytes(size * COPIES)} beside it, and ${state} has ${bytes(bavail * bsize)} left; nothing was changed`,
  );
}
