/** Bytes of a file → a promotion, or what is wrong with it, where, and what to do. Pure. */
import { messageOf } from "@kloros/daemon";
import { findJsonFault } from "./json_fault.ts";

export type PromotionContent =
  | { readonly ok: true; readonly ownId: string | undefined }
  /** `text`: where, what and the remedy. */
  | { readonly ok: false; readonly text: string };

/** A promotion is a few hundred bytes; beyond this it is something else. */
export const PROMOTION_BYTES_MAX = 1_048_576;

/** Any object will do: what is in it differs from writer to writer (FACTS B6), and D-REAM reads it, not we. */
export function readPromotion(bytes: Uint8Array): PromotionContent {
  if (bytes.length === 0) return broken("the file is empty; write the promotion again or remove the file");
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
    return broken("line 1, column 1: it begins with a byte order mark; save it as UTF-8 without one");
  const text = decode(bytes);
  if (text === undefined)
    return broken(`line ${String(lineOfWrongByte(bytes))}: it is not UTF-8; save it as UTF-8`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const fault = findJsonFault(text);
    if (fault === undefined) return broken(messageOf(error));
    const where = `line ${String(fault.line)}, column ${String(fault.column)}`;
    return broken(`${where}: it is not JSON: ${fault.text}; mend it or remove the file`);
  }
  if (isRecord(value)) return { ok: true, ownId: textOf(value["promotion_id"]) ?? textOf(value["id"]) };
  return broken(
    `line 1: it holds ${nameOf(value)}, a promotion is a JSON object; mend it or remove the file`,
  );
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function broken(text: string): PromotionContent {
  return { ok: false, text };
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const NEWLINE = 10;

/** The lines before it are UTF-8 each: a line's end is never inside a character. */
function lineOfWrongByte(bytes: Uint8Array): number {
  for (let line = 1, from = 0; ; line += 1) {
    const end = bytes.indexOf(NEWLINE, from);
    if (end < 0 || decode(bytes.subarray(from, end)) === undefined) return line;
    from = end + 1;
  }
}

const OWN_ID_LENGTH_MAX = 256;

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= OWN_ID_LENGTH_MAX ? value : undefined;
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
