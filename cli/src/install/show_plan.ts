/** A plan as an operator reads it, and as JSON. Pure. */
import { join } from "node:path";
import { octal } from "../files/octal.ts";
import { bytes } from "../view/amounts.ts";
import type { Palette } from "../view/palette.ts";
import type { InstallPlan } from "./plan_install.ts";
import { type FileState, type FoundFile, type PlannedFile } from "./planned_file.ts";
import { diffLines } from "./text_diff.ts";

/** One thing on the disk. */
interface ShownFile {
  readonly path: string;
  readonly state: FileState;
  /** Octal; null: a link. */
  readonly mode: string | null;
  readonly owner: string;
  readonly why: string;
  readonly target?: string;
  /** How what is there becomes what is written, or would. */
  readonly diff?: readonly string[];
}

export function shownFiles(plan: InstallPlan, owner: string): readonly ShownFile[] {
  return [...releaseFiles(plan, owner), ...plan.files.map((file) => shownFile(file, owner))];
}

function releaseFiles({ place, release, releaseIsNew, linkIsNew }: InstallPlan, owner: string): ShownFile[] {
  const base = place.base.slice(place.root.length);
  return [
    {
      path: join(base, "releases", release.id),
      state: releaseIsNew ? "new" : "same",
      mode: "0755",
      owner,
      why: `the program (${bytes(release.bytes)}) and ${release.programs.length} links to it`,
    },
    {
      path: join(base, "installation.json"),
      state: place.record === undefined ? "new" : "same",
      mode: "0644",
      owner,
      why: "where it is installed for, and what was written",
    },
    {
      path: join(base, "current"),
      state: linkIsNew ? "new" : "same",
      mode: null,
      owner,
      target: join("releases", release.id),
      why: "what the units start; switched by upgrade and rollback",
    },
  ];
}

function shownFile({ planned, state, before, differs }: FoundFile, owner: string): ShownFile {
  const diff = [
    ...differs.map((text) => `! ${text}`),
    ...(before === undefined || planned.kind !== "file" ? [] : diffLines(before, planned.text)),
  ];
  return {
    path: planned.path,
    state,
    mode: modeOf(planned),
    owner,
    why: planned.why,
    ...(planned.kind === "link" ? { target: planned.target } : {}),
    ...(diff.length === 0 ? {} : { diff }),
  };
}

function modeOf(planned: PlannedFile): string | null {
  return planned.kind === "link" ? null : octal(planned.mode);
}

const WORDS: Readonly<Record<FileState, string>> = {
  new: "new",
  changed: "changed",
  same: "as it is",
  kept: "yours",
  foreign: "IN THE WAY",
};

export function fileLines(files: readonly ShownFile[], palette: Palette): readonly string[] {
  const wide = Math.max(...files.map(({ owner }) => owner.length));
  return files.flatMap(({ path, state, mode, owner, why, target, diff = [] }) => {
    const named = target === undefined ? path : `${path} -> ${target}`;
    const word = WORDS[state].padEnd(10);
    const shown = state === "foreign" ? palette.bad(word) : state === "same" ? palette.faint(word) : word;
    return [
      `  ${shown} ${mode ?? "link"} ${owner.padEnd(wide)}  ${named}  ${palette.faint(why)}`,
      ...diff.map((line) => `             ${palette.faint(line)}`),
    ];
  });
}
