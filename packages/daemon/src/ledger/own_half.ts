/**
 * Removes what a crash left of our own line, and nothing of anybody else's.
 *
 * Half a line at the end of the file is cut off. When another writer has since appended right behind it (both now share
 * one line), cutting would take that writer's record away: our bytes are overwritten with spaces and a newline instead,
 * which gives the other record a line of its own and leaves a blank one. A half line that another of our own appends has
 * closed with a newline since (it stands in the middle of the file now) becomes a blank line too.
 */
import { ftruncateSync, openSync, closeSync, writeSync } from "node:fs";
import type { AppendPlan } from "./append_plan.ts";
import { scanLines, type ScannedLine } from "./line_scan.ts";

/** A foreign record that shares our half line is looked for up to this size, bytes. */
const FOREIGN_BYTES_MAX = 4 * 1024 * 1024;

/** How far our bytes and a foreign record's first bytes may be alike by chance. */
const CHANCE_BYTES_MAX = 64;

const OPENING_BRACE = 0x7b;

/** `line`: what we would write today; may differ from what the plan's attempt began to write. */
export function removeOwnHalf(fd: number, file: string, plan: AppendPlan, line: string): void {
  const ours = Buffer.from(line);
  const head = Buffer.from(plan.head);
  for (const found of scanLines(fd, plan.offset, plan.length + FOREIGN_BYTES_MAX)) {
    const alike = Math.max(commonPrefix(found.bytes, ours), commonPrefix(found.bytes, head));
    if (alike === 0) continue;
    const own = bytesBeforeRecord(found, alike);
    if (own > 0) overwrite(file, found.start, `${" ".repeat(own - 1)}\n`);
    else if (isClosedHalf(found, alike, plan)) overwrite(file, found.start, " ".repeat(found.length));
    else if (isOnlyOurs(found, alike, head.length)) return ftruncateSync(fd, found.start);
  }
}

/** Half a line at the end that is ours as far as it goes, or at least as far as the plan's head tells. */
function isOnlyOurs(found: ScannedLine, alike: number, headLength: number): boolean {
  return !found.terminated && (alike === found.length || alike >= headLength);
}

/** Half a line of ours that has something behind it: where the plan said it would be, or known by its head. */
function isClosedHalf(found: ScannedLine, alike: number, plan: AppendPlan): boolean {
  if (!found.terminated || found.length >= plan.length || isRecord(Buffer.from(found.bytes))) return false;
  // A newline of ours goes in front when the file did not end with one.
  const inPlace = found.start === plan.offset || found.start === plan.offset + 1;
  return alike >= Buffer.byteLength(plan.head) || (inPlace && alike === found.length);
}

/** How many bytes at the start of a shared line are ours; 0 when no whole record follows them. */
function bytesBeforeRecord(found: ScannedLine, alike: number): number {
  const bytes = Buffer.from(found.bytes);
  if (isRecord(bytes)) return 0;
  for (let own = alike; own > Math.max(0, alike - CHANCE_BYTES_MAX); own -= 1) {
    if (isRecord(bytes.subarray(own))) return own;
  }
  return 0;
}

function isRecord(bytes: Buffer): boolean {
  if (bytes[0] !== OPENING_BRACE) return false;
  try {
    JSON.parse(bytes.toString("utf8"));
    return true;
  } catch {
    return false;
  }
}

function commonPrefix(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  let same = 0;
  while (same < n && a[same] === b[same]) same += 1;
  return same;
}

/** Through a descriptor of its own: on Linux a positioned write to one opened for appending appends. */
function overwrite(file: string, start: number, blank: string): void {
  const fd = openSync(file, "r+");
  try {
    writeSync(fd, Buffer.from(blank), 0, blank.length, start);
  } finally {
    closeSync(fd);
  }
}
