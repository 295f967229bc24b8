/** The note in a copied source tree that tells where it came from. It arrives with the tree, in one rename. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Hidden, so that nobody takes it for a part of the tree. */
const COPY_NOTE = ".copied_from.json";

export interface CopyNote {
  readonly from: string;
  readonly copiedAt: string;
  readonly files: number;
  readonly bytes: number;
}

/** Undefined when the tree is no copy, or is not there. */
export function readCopyNote(tree: string): CopyNote | undefined {
  try {
    const value = JSON.parse(readFileSync(join(tree, COPY_NOTE), "utf8")) as Record<string, unknown>;
    const { from, copied_at: copiedAt, files, bytes } = value;
    if (typeof from !== "string" || typeof copiedAt !== "string") return undefined;
    return { from, copiedAt, files: Number(files), bytes: Number(bytes) };
  } catch {
    return undefined;
  }
}

export function writeCopyNote(tree: string, note: CopyNote): void {
  const { from, copiedAt, files, bytes } = note;
  const text = JSON.stringify({ from, copied_at: copiedAt, files, bytes });
  writeFileSync(join(tree, COPY_NOTE), `${text}\n`);
}
