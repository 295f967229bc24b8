/** A change of releases as an operator orders it: with the way back when it does not work out. */
import { messageOf } from "@kloros/daemon";
import { readRecord } from "../install/installation_record.ts";
import { Failure } from "../exit_codes.ts";
import { startStoppedBus } from "./bus_stopped.ts";
import { type JournalStep, planJournal } from "./journal_steps.ts";
import { type Switch, switchRelease, type SwitchResult } from "./switch_release.ts";

export interface ChangeReport {
  readonly from: string;
  readonly to: string;
  readonly journal: JournalStep;
  readonly restarted: readonly string[];
  readonly busAwayMs: number | null;
  /** Why it was undone; null: it was not. */
  readonly undone: string | null;
}

export interface Direction {
  /** What is left becomes the one that a rollback goes to. A rollback that is interrupted must not find the newer one there. */
  readonly forward: boolean;
}

/** Throws `Failure` when nothing was changed, and when it could neither go on nor back. */
export async function changeRelease(change: Switch, { forward }: Direction): Promise<ChangeReport> {
  const { from, to, journal } = change;
  const previous = change.store.named("previous");
  if (forward && from.id !== to.id) change.store.switchTo("previous", from.id);
  const result = await switchRelease(change).catch((error: unknown) => {
    restorePrevious(change, previous);
    throw error;
  });
  const report = { from: from.id, to: to.id, journal, ...shown(result) };
  if (result.failed === undefined) return { ...report, undone: null };
  if (from.id === to.id) {
    await startStoppedBus(change.place, change.systemctl);
    throw new Failure(
      "negative",
      `${to.id} is not well: ${result.failed}${previous === undefined ? "" : `. \`kloros release rollback\` goes back to ${previous}`}`,
    );
  }
  change.say(`${to.id} is not well: ${result.failed}. Going back to ${from.id}`);
  const back = await goBack(change, result.failed);
  restorePrevious(change, previous);
  return { ...report, ...shown(back), undone: result.failed };
}

function shown({ restarted, busAwayMs }: SwitchResult): Pick<ChangeReport, "restarted" | "busAwayMs"> {
  return { restarted, busAwayMs };
}

function restorePrevious({ store }: Switch, previous: string | undefined): void {
  if (previous === undefined) store.forgetPrevious();
  else store.switchTo("previous", previous);
}

async function goBack(change: Switch, why: string): Promise<SwitchResult> {
  const { from, to, place, store } = change;
  try {
    const journal = await planJournal({ layout: place.layout, store, from: to, to: from });
    // What the newer one has put there is noted by now.
    const now = { ...place, record: readRecord(place.base) };
    const back = await switchRelease({ ...change, place: now, from: to, to: from, journal });
    if (back.failed === undefined) return back;
    throw new Error(back.failed);
  } catch (error) {
    await startStoppedBus(place, change.systemctl);
    throw new Failure(
      "negative",
      `${to.id} is not well (${why}), and ${from.id} could not be put back: ${messageOf(error)}. ` +
        "When that is mended, say the same again: it goes on; `kloros status` shows what runs",
      { cause: error },
    );
  }
}
