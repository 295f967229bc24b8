/** Damage to a journal's files, chosen by a seed. */
import { closeSync, ftruncateSync, openSync, readSync, statSync, writeSync } from "node:fs";
import type { Choices } from "@kloros/signal-schema/testing";

const PAGE_BYTES = 4096;

/** Damages the journal or its write-ahead log; says how, for a failure's words. */
export function damage(journal: string, chance: Choices): string {
  const wal = `${journal}-wal`;
  const path = sizeOf(wal) > 0 && chance.below(2) === 0 ? wal : journal;
  const size = sizeOf(path);
  const at = chance.below(size);
  const kind = chance.pick(["flip", "flip", "flip", "page", "truncate"] as const);
  const fd = openSync(path, "r+");
  try {
    if (kind === "truncate") ftruncateSync(fd, at);
    else if (kind === "page") writeSync(fd, Buffer.alloc(Math.min(PAGE_BYTES, size - at)), 0, null, at);
    else {
      const byte = Buffer.alloc(1);
      readSync(fd, byte, 0, 1, at);
      byte[0] = (byte[0] ?? 0) ^ (1 << chance.below(8));
      writeSync(fd, byte, 0, 1, at);
    }
  } finally {
    closeSync(fd);
  }
  return `${kind} at byte ${String(at)} of ${String(size)} in ${path.slice(path.lastIndexOf("/") + 1)}`;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
