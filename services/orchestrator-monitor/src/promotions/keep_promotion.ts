/** The common way of an acknowledged and a parked promotion: a record that is on disk, then the move. */
import { writeFileAtomic } from "@kloros/daemon";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { movePromotion, numbered, sha256Of } from "./move_promotion.ts";
import { isRecord } from "./promotion_content.ts";
import type { Place, Promotion } from "./promotion.ts";

export interface Keeping {
  /** Where it is kept. */
  readonly directory: string;
  readonly recordDirectory: string;
  /** Of the record's name, behind the stem. */
  readonly recordEnding: string;
  /** What makes a record this one, so that a repetition finds it. */
  readonly record: Readonly<Record<string, unknown>> & { readonly sha256: string; readonly cycle: string };
  /** Passed when the record is on disk. */
  readonly recorded: () => void;
}

export interface Kept {
  /** False: a promotion with another content stands there now, or none. */
  readonly moved: boolean;
  readonly to: string;
}

/** Nothing is overwritten: a taken name gets a number. Done again after a crash, it finds what it did. */
export async function keepPromotion(place: Place, promotion: Promotion, keeping: Keeping): Promise<Kept> {
  mkdirSync(keeping.directory, { recursive: true });
  mkdirSync(keeping.recordDirectory, { recursive: true });
  const { target, record, recordThere } = freeNames(promotion, keeping);
  if (!recordThere) await writeFileAtomic(record, `${JSON.stringify(keeping.record, null, 2)}\n`);
  keeping.recorded();
  const { file, sha256 } = promotion;
  return { moved: movePromotion({ from: place.path, file, sha256, to: target }), to: target };
}

const NAMES_MAX = 10_000;

function freeNames(promotion: Promotion, keeping: Keeping) {
  for (let n = 0; n < NAMES_MAX; n += 1) {
    const target = join(keeping.directory, numbered(promotion.stem, n, ".json"));
    const record = join(keeping.recordDirectory, numbered(promotion.stem, n, keeping.recordEnding));
    const recordThere = existsSync(record);
    if (recordThere && !isSameRecord(record, keeping)) continue;
    const there = sha256Of(target);
    if (there === undefined || there === promotion.sha256) return { target, record, recordThere };
  }
  throw new Error(
    `${keeping.directory} holds ${String(NAMES_MAX)} files named like ${promotion.file}; clear it up`,
  );
}

function isSameRecord(path: string, { record }: Keeping): boolean {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isRecord(value) && value["sha256"] === record.sha256 && value["cycle"] === record.cycle;
  } catch {
    return false;
  }
}
