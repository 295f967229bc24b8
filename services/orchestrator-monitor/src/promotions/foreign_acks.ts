/** Acknowledgements that other tools wrote beside a directory: `promotions_ack/{stem}_ack.json`. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ACK_AUTHOR } from "./acknowledge.ts";
import { isRecord } from "./promotion_content.ts";
import type { Place, Promotion } from "./promotion.ts";

/** An acknowledgement beyond this is none. */
const ACK_BYTES_MAX = 1_048_576;
/** Times of acks may be whole seconds. */
const SECOND_MS = 1000;

interface KnownAck {
  readonly signature: string;
  /** UTC ms; undefined: not an acknowledgement of another tool. */
  readonly ackedMs: number | undefined;
}

/** Files of those promotions that are acknowledged and were not written to since. */
export function createAckReader(place: Place): (promotions: readonly Promotion[]) => ReadonlySet<string> {
  const known = new Map<string, KnownAck>();
  const ackedMs = (name: string): number | undefined => {
    const path = join(place.acks, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile() || stat.size > ACK_BYTES_MAX) return undefined;
    const signature = `${String(stat.ino)}/${String(stat.size)}/${String(stat.mtimeMs)}`;
    let ack = known.get(name);
    if (ack?.signature !== signature) {
      ack = { signature, ackedMs: readAck(path, stat.mtimeMs) };
      known.set(name, ack);
    }
    return ack.ackedMs;
  };
  return (promotions) => {
    const names = new Set(promotions.length === 0 ? [] : namesIn(place.acks));
    for (const name of known.keys()) if (!names.has(name)) known.delete(name);
    return new Set(
      promotions
        .filter(({ stem, writtenMs }) => {
          const name = `${stem}_ack.json`;
          const atMs = names.has(name) ? ackedMs(name) : undefined;
          return atMs !== undefined && writtenMs <= atMs + SECOND_MS;
        })
        .map(({ file }) => file),
    );
  };
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Our own say nothing here: with them goes a move, so a file that stands in its place was put back. */
function readAck(path: string, writtenMs: number): number | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (!isRecord(value) || value["by"] === ACK_AUTHOR) return undefined;
    return timeOf(value["ts"]) ?? writtenMs;
  } catch {
    return undefined;
  }
}

/** Seconds, ms or text. */
function timeOf(ts: unknown): number | undefined {
  if (typeof ts === "number" && Number.isFinite(ts) && ts > 0) return ts < 1e11 ? ts * 1000 : ts;
  const atMs = typeof ts === "string" ? Date.parse(ts) : Number.NaN;
  return Number.isFinite(atMs) ? atMs : undefined;
}
