/**
 * Named points between an effect and its commit, where a test can stop the process as a power cut would.
 *
 * `KLOROS_CRASH_AT=ledger.synced` kills the process (SIGKILL, nothing is flushed, no handler runs) the first time it
 * passes that point; `ledger.synced:3` the third time. Unset, a point costs one comparison.
 */

/** Every point with what has and has not happened there. A test walks this table. */
export const CRASH_POINTS = {
  "ledger.planned": "the plan is stored, nothing is in the file",
  "ledger.half-written": "half of the line is in the file",
  "ledger.written": "the line is in the file, not synced",
  "ledger.synced": "the line is on disk, the delivery is not committed",
  "dream.planned": "the plan of a cycle is stored, no process is started",
  "dream.started": "the cycle's process runs, its pid is not stored",
  "dream.finished": "no process of the cycle is left, its result is not stored",
  "dream.recorded": "the cycle's result is stored, the delivery is not committed",
  "files.tmp-written": "the temporary file is complete and synced, the target is the old one",
  "files.renamed": "the target is the new file, the directory is not synced",
  "integrator.planned": "the plan is stored, nothing is changed",
  "integrator.init-created": "__init__.py is created, the registry is the old one",
  "integrator.registry-written": "the registry has the entry, no log has it",
  "integrator.logged": "the log of integrated capabilities has its line",
  "integrator.recorded": "all is done, the delivery is not committed",
  "monitor.remembered": "an announcement is due and stored as such, not published",
  "monitor.published": "an announcement is published and still stored as due",
  "monitor.counted": "what a cycle came to is remembered, no promotion is moved",
  "monitor.ack-written": "the record of an acknowledged promotion is on disk, the promotion is where it was",
  "monitor.claimed": "a promotion that is over is claimed, and in no other place",
  "monitor.kept": "a promotion that is over is where it is kept, and still claimed",
  "monitor.moved": "a promotion is among the acknowledged, and still remembered as due",
  "monitor.park-noted": "the note beside a parked promotion is on disk, the promotion is where it was",
  "monitor.parked": "a promotion is parked, and its failed cycles are still remembered",
  "policy.recorded": "a decision is in the decision log, neither its trigger nor the delivery is committed",
  "migrate.planned": "what is about to change is stored, nothing is changed",
  "migrate.performed": "a step of the migration holds, its record says that it does not",
  "router.stored": "the bus has an intent's signal, the file is where it was",
  "router.claimed": "an intent that is dealt with is claimed, not removed",
  "router.reported": "the bus has a rejected intent's content, the file is where it was",
  "router.noted": "the note beside a rejected intent is written, the intent is not there",
  "router.kept": "a rejected intent is among the rejected, and still claimed",
  "router.returned": "a mended intent is among the intents again, and still among the rejected",
  "deployer.planned": "a deployment's plan is stored, nothing is changed",
  "deployer.backed-up": "the environment file has a backup and is the old one",
  "deployer.tmp-written": "the new environment file is complete beside the old one",
  "deployer.written": "the environment file has the new values, nothing is reloaded or validated",
  "deployer.reloaded": "the reload command has succeeded, nothing is validated",
  "deployer.validated": "the validation command has succeeded, nothing says so",
  "deployer.rolling-back": "that the values are to be taken back is stored, they stand in the file",
  "deployer.rolled-back": "the environment file has the old values again, nothing is reloaded",
  "deployer.concluded": "what came of a deployment is stored with its plan, no record has it",
  "deployer.recorded": "all is done and recorded, the delivery is not committed",
} as const;

export type CrashPoint = keyof typeof CRASH_POINTS;

/** The armed point, counted down; read from the environment once, at the first point that is passed. */
let armed: { readonly name: string; left: number } | null | undefined;

function arm(text: string | undefined): { readonly name: string; left: number } | null {
  if (text === undefined || text === "") return null;
  const [name = "", nth = "1"] = text.split(":");
  const left = Number(nth);
  if (!Object.hasOwn(CRASH_POINTS, name) || !Number.isSafeInteger(left) || left < 1) {
    const names = Object.keys(CRASH_POINTS).join(", ");
    throw new Error(`KLOROS_CRASH_AT=${text}: want NAME or NAME:NTH, NAME one of ${names}`);
  }
  return { name, left };
}

/** True when the process is to die at this passing of the point: for a point that needs preparation (half a write). */
export function crashesAt(point: CrashPoint): boolean {
  armed ??= arm(process.env["KLOROS_CRASH_AT"]);
  if (armed === null || armed.name !== point) return false;
  armed.left -= 1;
  return armed.left === 0;
}

/** Dies here when this point is armed. */
export function crashPoint(point: CrashPoint): void {
  if (crashesAt(point)) crashNow();
}

/** Ends the process with SIGKILL; does not return. */
export function crashNow(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("unreachable: SIGKILL was sent to this process");
}
