/**
 * From one release to another: forward, or back.
 *
 * Order: what could refuse is asked before anything changes; the link is switched by one rename; the bus is started again
 * first, and everybody else when it stands (clients wait and reconnect; a bus speaks with programs of the release before).
 * Only what runs another program than the one it should is started again, so the same switch said twice, or after an
 * interruption, finishes what is left.
 */
import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { messageOf } from "@kloros/daemon";
import { Failure } from "../exit_codes.ts";
import { applyFiles } from "../install/apply_files.ts";
import type { InstallPlace } from "../install/choose_place.ts";
import { writeRecord } from "../install/installation_record.ts";
import { findFiles, hasOwnHome, refuseForeign } from "../install/plan_install.ts";
import { type FoundFile, recordedPaths } from "../install/planned_file.ts";
import { type RunningService, runningServices } from "../install/running_services.ts";
import type { Systemctl } from "../systemctl.ts";
import { writeError } from "./add_release.ts";
import { awaitServices, settled } from "./await_services.ts";
import { BUS, forgetBusStopped, isBusStopped, noteBusStopped } from "./bus_stopped.ts";
import { changeJournal, type JournalStep } from "./journal_steps.ts";
import { askRelease } from "./release_description.ts";
import type { Release, ReleaseStore } from "./release_store.ts";

export interface Switch {
  readonly place: InstallPlace;
  readonly store: ReleaseStore;
  /** Undefined: an image, or a machine whose systemd does not run. Nothing is started then. */
  readonly systemctl: Systemctl | undefined;
  readonly from: Release;
  readonly to: Release;
  readonly journal: JournalStep;
  /** For all services to get ready, ms. */
  readonly timeoutMs: number;
  readonly say: (text: string) => void;
  readonly pause: (ms: number) => Promise<void>;
  readonly monotonicMs: () => number;
}

export interface SwitchResult {
  /** Units that were started again. */
  readonly restarted: readonly string[];
  /** From when the old bus was asked to stop until the new one was ready; null: no bus was running. */
  readonly busAwayMs: number | null;
  /** Why the new release is not well; undefined: it is. */
  readonly failed: string | undefined;
}

const TARGET = "kloros.target";

/** Throws `Failure` before anything was changed; what goes wrong later is in the result. */
export async function switchRelease(change: Switch): Promise<SwitchResult> {
  const { place, store, systemctl, to } = change;
  const description = await askRelease(store.programOf(to.id), place.layout);
  const files = findFiles(place, description);
  refuseForeign(files, "upgrade");
  const running =
    systemctl === undefined ? [] : await runningServices(systemctl, unitsIn(place.record?.files ?? []));
  await changeStoppedJournal(change, running);
  try {
    const result = await takeOver(change, files, running);
    if (result.failed === undefined) forgetBusStopped(place);
    return result;
  } catch (error) {
    return { restarted: [], busAwayMs: null, failed: messageOf(writeError(error, place.base)) };
  }
}

/** Throws when the journal is as it was, with the bus running as before. */
async function changeStoppedJournal(change: Switch, running: readonly RunningService[]): Promise<void> {
  const { journal, place, systemctl, say } = change;
  if (journal.kind === "none") return;
  say(`the bus stops; the journal goes from schema version ${journal.from} to ${journal.to}`);
  const bus = isBusStopped(place) || running.some(({ unit, state }) => unit === BUS && isUp(state));
  if (bus) noteBusStopped(place);
  // Where no systemd runs, a bus that somebody started holds the journal, and is named.
  await systemctl?.run("stop", BUS);
  try {
    await changeJournal(journal, { ...change, layout: place.layout });
  } catch (error) {
    if (bus) await systemctl?.run("start", BUS);
    forgetBusStopped(place);
    throw error;
  }
}

async function takeOver(
  change: Switch,
  files: readonly FoundFile[],
  running: readonly RunningService[],
): Promise<SwitchResult> {
  const { place, systemctl } = change;
  const gone = unitsIn(goneFiles(place, files));
  if (systemctl !== undefined && gone.length > 0) {
    await systemctl.run("stop", ...gone);
    await systemctl.run("disable", "--quiet", ...gone);
    // One that failed would stay in systemd's memory, and not be new when it comes again.
    await systemctl.run("reset-failed", ...gone).catch(() => undefined);
  }
  await putInPlace(change, files);
  if (systemctl === undefined) return { restarted: [], busAwayMs: null, failed: undefined };
  await systemctl.daemonReload();
  return restart(change, systemctl, {
    running: running.filter(({ unit }) => !gone.includes(unit)),
    added: await neverStarted(systemctl),
  });
}

/** What the release before had and this one has not. */
function goneFiles({ record }: InstallPlace, files: readonly FoundFile[]): readonly string[] {
  const wanted = recordedPaths(files);
  return (record?.files ?? []).filter((path) => !wanted.includes(path));
}

/**
 * Services that a running target wants since this release: one that an operator stopped has run before, and one whose turn in
 * the migration has not come was looked at by systemd, and not started.
 */
async function neverStarted(systemctl: Systemctl): Promise<readonly string[]> {
  const { ActiveState, Wants } = await systemctl.show(TARGET, ["ActiveState", "Wants"]);
  const found: string[] = [];
  for (const unit of isUp(ActiveState) ? Wants.split(" ").filter((name) => name.endsWith(".service")) : []) {
    const said = await systemctl.show(unit, [
      "ActiveState",
      "ActiveEnterTimestampMonotonic",
      "ConditionTimestampMonotonic",
    ]);
    const tried = Number(said.ActiveEnterTimestampMonotonic) + Number(said.ConditionTimestampMonotonic);
    if (said.ActiveState === "inactive" && tried === 0) found.push(unit);
  }
  return found;
}

function unitsIn(files: readonly string[]): readonly string[] {
  return files.map((path) => basename(path)).filter((name) => name.endsWith(".service"));
}

function isUp(state: string): boolean {
  return state === "active" || state === "activating" || state === "reloading";
}

async function putInPlace({ place, store, to }: Switch, files: readonly FoundFile[]): Promise<void> {
  const { root, base, layout } = place;
  const ownHome = hasOwnHome(place);
  const wanted = recordedPaths(files);
  const gone = goneFiles(place, files);
  await writeRecord(base, { format: 1, layout, ownHome, files: [...wanted, ...gone].toSorted() });
  await applyFiles(files, {
    root,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
  });
  store.switchTo("current", to.id);
  for (const path of gone) rmSync(join(root, path), { force: true });
  await writeRecord(base, { format: 1, layout, ownHome, files: wanted });
}

/** The bus alone, then all others at once. */
async function restart(
  change: Switch,
  systemctl: Systemctl,
  { running, added }: { readonly running: readonly RunningService[]; readonly added: readonly string[] },
): Promise<SwitchResult> {
  const program = change.store.programOf(change.to.id);
  const others = running.filter(({ unit, state }) => unit !== BUS && isUp(state));
  const bus = running.find(({ unit }) => unit === BUS);
  // An interrupted run may have left the others without one, or have stopped the only one that ran.
  const needsBus = bus !== undefined && (isUp(bus.state) || others.length > 0 || isBusStopped(change.place));
  const left = (service: RunningService): boolean =>
    service.executable !== program || change.journal.kind !== "none";
  const first = needsBus && left(bus) ? [BUS] : [];
  const outdated = others.filter(({ executable }) => executable !== program).map(({ unit }) => unit);
  const then = [...outdated, ...added];
  for (const units of [first, then]) {
    if (units.length === 0) continue;
    change.say(`starting again: ${units.map((unit) => unit.replace(/^kloros-|\.service$/g, "")).join(", ")}`);
    const failed = await startAgain(change, systemctl, { units, program });
    if (failed !== undefined) return { restarted: [...first, ...then], busAwayMs: null, failed };
  }
  const died = await settled(systemctl, [...first, ...then], { ...change, program });
  if (died !== undefined) return { restarted: [...first, ...then], busAwayMs: null, failed: died };
  const busAwayMs = first.length === 0 ? null : await busAway(systemctl);
  return { restarted: [...first, ...then], busAwayMs, failed: undefined };
}

async function startAgain(
  change: Switch,
  systemctl: Systemctl,
  { units, program }: { readonly units: readonly string[]; readonly program: string },
): Promise<string | undefined> {
  // A unit that failed too often would refuse.
  await systemctl.run("reset-failed", ...units).catch(() => undefined);
  try {
    await systemctl.run("restart", "--no-block", ...units);
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
  return awaitServices(systemctl, units, { ...change, program });
}

/** By systemd's own clock. */
async function busAway(systemctl: Systemctl): Promise<number | null> {
  const { ActiveExitTimestampMonotonic: left, ActiveEnterTimestampMonotonic: back } = await systemctl.show(
    BUS,
    ["ActiveExitTimestampMonotonic", "ActiveEnterTimestampMonotonic"],
  );
  const ms = (Number(back) - Number(left)) / 1000;
  return Number(left) > 0 && ms >= 0 ? Math.round(ms) : null;
}
