/** What `kloros install` would do, found by looking only. */
import { statSync } from "node:fs";
import { Failure } from "../exit_codes.ts";
import { identify } from "../release/add_release.ts";
import { isWhole } from "../release/check_release.ts";
import { askRelease, type ReleaseDescription } from "../release/release_description.ts";
import { type Release, ReleaseStore } from "../release/release_store.ts";
import type { InstallPlace } from "./choose_place.ts";
import { type FoundFile, findFile } from "./planned_file.ts";
import { plannedFiles } from "./planned_files.ts";

export interface InstallPlan {
  readonly place: InstallPlace;
  readonly store: ReleaseStore;
  /** The file that becomes the release. */
  readonly program: string;
  readonly description: ReleaseDescription;
  readonly release: Release;
  /** Or damaged, and made anew. */
  readonly releaseIsNew: boolean;
  /** Whether the link `current` is still to be made. */
  readonly linkIsNew: boolean;
  readonly files: readonly FoundFile[];
}

/** Throws `Failure`. */
export async function planInstall(place: InstallPlace, program: string): Promise<InstallPlan> {
  const description = await askRelease(program, place.layout);
  const release = await identify(program, description);
  const store = new ReleaseStore(place.base);
  const current = store.named("current");
  if (current !== undefined && current !== release.id)
    throw new Failure(
      "negative",
      `${current} is installed already, this is ${release.id}. To go to it: kloros upgrade ${program}`,
    );
  return {
    place,
    store,
    program,
    description,
    release,
    releaseIsNew: !(await isWhole(store, release)),
    linkIsNew: current === undefined,
    files: findFiles(place, description),
  };
}

export function findFiles(place: InstallPlace, description: ReleaseDescription): readonly FoundFile[] {
  const { root, record, layout } = place;
  const options = { root, uid: ownerOf(place), ours: new Set(record?.files) };
  return plannedFiles(layout, description, { ownHome: hasOwnHome(place) }).map((planned) =>
    findFile(planned, options),
  );
}

/** Whose the files are, or will be; whoever only looks may be somebody else. */
function ownerOf({ root, base, record, layout }: InstallPlace): number {
  if (layout.mode === "system" && root === "") return 0;
  return record === undefined ? (process.getuid?.() ?? 0) : statSync(base).uid;
}

/** What an interrupted installation has put into a home does not make it somebody else's. */
export function hasOwnHome({ record, home }: InstallPlace): boolean {
  return record?.ownHome ?? !["legacy", "foreign"].includes(home.kind);
}

/** Nothing is left to be written. */
export function isComplete({ releaseIsNew, linkIsNew, files, place }: InstallPlan): boolean {
  return !releaseIsNew && !linkIsNew && place.record !== undefined && files.every(isSettled);
}

function isSettled({ state }: FoundFile): boolean {
  return state === "same" || state === "kept";
}

const WAYS_OUT = {
  install:
    "Look at them (--dry-run shows how they differ); with --replace they are moved to where `kloros uninstall` brings them back from",
  upgrade: "Look at them and move them away, then say it again",
} as const;

/** What is somebody else's is not written over by itself. Throws `Failure`. */
export function refuseForeign(files: readonly FoundFile[], wanted: keyof typeof WAYS_OUT): void {
  const foreign = files.filter(({ state }) => state === "foreign");
  if (foreign.length === 0) return;
  const named = foreign.map(
    ({ planned, differs }) => `${planned.path}${differs.length === 0 ? "" : ` (${differs.join(", ")})`}`,
  );
  throw new Failure(
    "negative",
    `somebody else's files are in the way, nothing was changed: ${named.join("; ")}. ${WAYS_OUT[wanted]}`,
  );
}
