/**
 * Derived ids (DESIGN 3.3): doing the same again gives the same id, and the journal stores an id once.
 *
 * Layout: UUID version 8 (RFC 9562): 48 bits of time, taken from the parent or given, so that ids of one chain lie
 * together and ascend in an index; the other 74 free bits are SHA-256 of what the id is derived from. The parts are
 * hashed as a JSON list, so that no two lists of parts read the same. Golden tests hold this layout: changing it
 * would do again what was done once.
 */
import { sha256 } from "./sha256.ts";
import { formatUuid, isUuid, stamp, writeTime } from "./uuid.ts";

/**
 * Id of the signal that `consumer` emits because of `parentId`. `effectKey` tells several effects of one signal apart.
 * Throws a `TypeError` when the parent's id is not a lower-case UUID.
 */
export function deriveId(parentId: string, consumer: string, signalName: string, effectKey = ""): string {
  if (!isUuid(parentId)) {
    throw new TypeError(`cannot derive an id from parent ${JSON.stringify(parentId)}: not a lower-case UUID`);
  }
  const digest = sha256(JSON.stringify(["child", parentId, consumer, signalName, effectKey]));
  stamp(digest, 8);
  // The first 48 bits are the first 13 characters of the text.
  return parentId.slice(0, 13) + formatUuid(digest.subarray(0, 16)).slice(13);
}

/** Id of a root derived from content, e.g. an intent file's name, content and modification time. `timestampMs`: UTC, ms. */
export function deriveRootId(timestampMs: number, ...parts: readonly string[]): string {
  const digest = sha256(JSON.stringify(["root", ...parts]));
  writeTime(digest, Math.floor(timestampMs));
  stamp(digest, 8);
  return formatUuid(digest.subarray(0, 16));
}
