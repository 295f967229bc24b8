/** What a run left behind: the files of an installation before and after. */
import { statSync } from "node:fs";
import type { Installation } from "@kloros/daemon";

const WATCHED = [
  "registry",
  "investigationsLog",
  "semanticEvidence",
  "semanticProcessed",
  "integratedLog",
  "failedSignals",
  "environmentFile",
  "winnerState",
  "policyState",
  "decisionLog",
  "journal",
] as const satisfies readonly (keyof Installation)[];

export type FileState = ReadonlyMap<string, { readonly bytes: number; readonly mtimeMs: number }>;

export function lookAtFiles(paths: Installation): FileState {
  const found = new Map<string, { bytes: number; mtimeMs: number }>();
  for (const name of WATCHED) {
    const stat = statSync(paths[name], { throwIfNoEntry: false });
    if (stat !== undefined) found.set(paths[name], { bytes: stat.size, mtimeMs: stat.mtimeMs });
  }
  return found;
}

export interface WrittenFile {
  readonly path: string;
  readonly bytes: number;
  /** Negative when it shrank. */
  readonly grewBytes: number;
}

export function writtenSince(before: FileState, after: FileState): readonly WrittenFile[] {
  return [...after].flatMap(([path, now]) => {
    const then = before.get(path);
    if (then !== undefined && then.bytes === now.bytes && then.mtimeMs === now.mtimeMs) return [];
    return [{ path, bytes: now.bytes, grewBytes: now.bytes - (then?.bytes ?? 0) }];
  });
}
