/** What an installation puts on the disk: each thing by itself, and how what is there stands to it. */
import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { octal } from "../files/octal.ts";
import { readLink } from "../release/release_store.ts";

interface Planned {
  /** Without the `--root`. */
  readonly path: string;
  /** One phrase for the operator. */
  readonly why: string;
}

interface PlannedText extends Planned {
  readonly kind: "file";
  readonly text: string;
  readonly mode: number;
  /** The operator's once it is there: never written again. */
  readonly operators: boolean;
}

interface PlannedLink extends Planned {
  readonly kind: "link";
  readonly target: string;
}

/** A place for data: made when it is missing, and never taken away by itself. */
interface PlannedDirectory extends Planned {
  readonly kind: "directory";
  readonly mode: number;
}

export type PlannedFile = PlannedText | PlannedLink | PlannedDirectory;

/**
 * - `new`, `changed`: will be written.
 * - `same`: is as it should be.
 * - `kept`: the operator's, left alone.
 * - `foreign`: somebody else's is in its place.
 */
export type FileState = "new" | "changed" | "same" | "kept" | "foreign";

export interface FoundFile {
  readonly planned: PlannedFile;
  readonly state: FileState;
  /** Of a text that is there and differs. */
  readonly before?: string;
  /** What differs besides the text: mode, owner, target of a link. */
  readonly differs: readonly string[];
}

export interface FindOptions {
  readonly root: string;
  /** Whose files they must be. */
  readonly uid: number;
  /** Paths that an earlier installation wrote. */
  readonly ours: ReadonlySet<string>;
}

export function findFile(planned: PlannedFile, options: FindOptions): FoundFile {
  if (planned.kind === "directory") {
    const there = lstatSync(join(options.root, planned.path), { throwIfNoEntry: false }) !== undefined;
    return { planned, state: there ? "kept" : "new", differs: [] };
  }
  return planned.kind === "link" ? findLink(planned, options) : findText(planned, options);
}

/** What an uninstallation takes away: neither settings nor data. Sorted. */
export function recordedPaths(files: readonly FoundFile[]): readonly string[] {
  return files
    .filter(({ planned }) => planned.kind === "link" || (planned.kind === "file" && !planned.operators))
    .map(({ planned }) => planned.path)
    .toSorted();
}

function findLink(planned: PlannedLink, { root, ours }: FindOptions): FoundFile {
  const path = join(root, planned.path);
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return { planned, state: "new", differs: [] };
  const target = readLink(path);
  if (target === planned.target) return { planned, state: "same", differs: [] };
  const differs = [target === undefined ? "is no link" : `leads to ${target}`];
  return { planned, state: ours.has(planned.path) && target !== undefined ? "changed" : "foreign", differs };
}

function findText(planned: PlannedText, { root, uid, ours }: FindOptions): FoundFile {
  const path = join(root, planned.path);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return { planned, state: "new", differs: [] };
  if (planned.operators) return { planned, state: "kept", differs: [] };
  if (!found.isFile()) return { planned, state: "foreign", differs: ["is no file"] };
  const before = readFileSync(path, "utf8");
  const differs = [
    ...((found.mode & 0o7777) === planned.mode ? [] : [`has mode ${octal(found.mode)}`]),
    ...(found.uid === uid ? [] : [`belongs to uid ${found.uid}`]),
  ];
  if (before === planned.text) return { planned, state: differs.length === 0 ? "same" : "changed", differs };
  const mine = ours.has(planned.path) || isGenerated(before);
  return { planned, state: mine ? "changed" : "foreign", before, differs };
}

/** As every file of this software that systemd reads begins. */
function isGenerated(text: string): boolean {
  return /^# Generated from (services|cli)\//.test(text);
}
