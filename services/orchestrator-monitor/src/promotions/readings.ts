/** What of the promotions is worth an alert. Pure. */
import type { Reading } from "../health/alert.ts";
import type { BrokenFile, DirectoryLook } from "./promotion.ts";

/** Problems of so many files are written out; the count says all. */
const NAMED_MAX = 20;
const ACTION_LENGTH_MAX = 1000;

/** What cannot be looked at now leaves its alert as it was. */
const UNKNOWN = Number.NaN;

export interface Trouble {
  readonly look: DirectoryLook;
  /** Promotions that could not be moved, with the reason. */
  readonly stuck: readonly string[];
}

export function readingsOf({ look, stuck }: Trouble): readonly Reading[] {
  const { path } = look.place;
  const { broken, parked, failed } = look;
  return [
    reading("promotion_broken", path, failed === undefined ? broken.length : UNKNOWN, {
      message: sentence(`of ${path} cannot be read as promotions`, broken.map(describe)),
      advice: "mend or remove the files; a file that is changed is looked at again at once",
    }),
    reading("promotion_parked", path, parked?.length ?? UNKNOWN, {
      message: sentence(`of ${path} are parked, cycle after cycle failed with them`, parked ?? []),
      advice: `see NAME.why.json beside each in ${path}/parked; then move it back to ${path} for a new chance, or remove it`,
    }),
    reading("promotion_stuck", path, failed === undefined ? stuck.length : 1, {
      message: failed === undefined ? sentence(`of ${path} cannot be moved`, stuck) : failed,
      advice: `let this service read and write ${path} and what is in it; it tries again by itself`,
    }),
  ];
}

export function describe({ file, text }: BrokenFile): string {
  return `${file}: ${text}`;
}

function reading(
  type: string,
  path: string,
  value: number,
  words: { readonly message: string; readonly advice: string },
): Reading {
  const { message, advice } = words;
  return {
    // The end of a long path says more than its start.
    key: `${type}:${path.slice(-900)}`,
    type,
    value,
    unit: "files",
    levels: [{ severity: "warning", above: 0 }],
    step: 1,
    message: value === 0 ? `no file of ${path}` : message,
    advice: advice.slice(0, ACTION_LENGTH_MAX),
  };
}

function sentence(what: string, names: readonly string[]): string {
  const more = names.length > NAMED_MAX ? `; and ${String(names.length - NAMED_MAX)} more` : "";
  return `${String(names.length)} ${names.length === 1 ? "file" : "files"} ${what}: ${names.slice(0, NAMED_MAX).join("; ")}${more}`;
}
