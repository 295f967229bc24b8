/** Looks through one directory of promotions. What did not change is not read again: an idle look is a stat a file. */
import { errorCode, messageOf } from "@kloros/daemon";
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readFileSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { join } from "node:path";
import { createAckReader } from "./foreign_acks.ts";
import { parkedIn } from "./park.ts";
import { PROMOTION_BYTES_MAX, readPromotion } from "./promotion_content.ts";
import { promotionId } from "./promotion.ts";
import type { BrokenFile, DirectoryLook, Place, Promotion } from "./promotion.ts";

export interface PromotionDirectory {
  readonly place: Place;
  look(nowMs: number): Promise<DirectoryLook>;
}

type FileLook =
  | { readonly kind: "promotion"; readonly promotion: Promotion }
  | { readonly kind: "broken"; readonly broken: BrokenFile; readonly writtenMs: number };

interface Known {
  readonly signature: string;
  readonly look: FileLook;
}

/** A file that was written to within so long may be incomplete: its writer writes in place. */
const QUIET_MS = 2000;
/** The file system's clock ticks coarsely: a file this young may be written again without a sign, so it is read again. */
const TICK_MS = 100;
/** Beyond so many the rest waits its turn. */
const FILES_MAX = 20_000;
const FILES_A_TURN = 256;

export function openPromotionDirectory(place: Place): PromotionDirectory {
  let known = new Map<string, Known>();
  const isAcknowledged = createAckReader(place);
  return {
    place,
    look: async (nowMs) => {
      const names = listJson(place.path);
      if ("failed" in names) return nothing(place, names.failed);
      const seen = new Map<string, Known>();
      for (const [n, file] of names.files.entries()) {
        if (n % FILES_A_TURN === FILES_A_TURN - 1) await Bun.sleep(0);
        const found = lookAt({ directory: place.path, file, nowMs }, known.get(file));
        if (found !== undefined) seen.set(file, found);
      }
      known = new Map([...seen].filter(([, { signature }]) => signature !== ""));
      return { ...sorted(place, [...seen.values()], nowMs, isAcknowledged), parked: parkedIn(place) };
    },
  };
}

function nothing(place: Place, failed: string | undefined): DirectoryLook {
  const empty = { promotions: [], acknowledged: new Set<string>(), broken: [] };
  const parked = failed === undefined ? [] : undefined;
  return { place, failed, ...empty, parked, againInMs: undefined };
}

function listJson(
  path: string,
): { readonly files: readonly string[] } | { readonly failed: string | undefined } {
  try {
    const names = readdirSync(path).filter((name) => name.endsWith(".json") && !name.startsWith("."));
    return { files: names.slice(0, FILES_MAX) };
  } catch (error) {
    const gone = errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR";
    return { failed: gone ? undefined : messageOf(error) };
  }
}

interface OneFile {
  readonly directory: string;
  readonly file: string;
  /** UTC. */
  readonly nowMs: number;
}

/** Undefined: it vanished, or is no file. */
function lookAt(one: OneFile, before: Known | undefined): Known | undefined {
  const { directory, file } = one;
  const path = join(directory, file);
  try {
    const stat = lstatSync(path, { bigint: true });
    if (stat.isSymbolicLink()) return refused(stat, file, "it is a symbolic link; put the file itself there");
    if (!stat.isFile()) return undefined;
    if (before !== undefined && before.signature === signatureOf(stat)) return before;
    if (stat.size > PROMOTION_BYTES_MAX)
      return refused(
        stat,
        file,
        `it has ${String(stat.size)} bytes, a promotion at most ${String(PROMOTION_BYTES_MAX)}; remove it`,
      );
    return read(path, one);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") return unreadable(file, messageOf(error));
    const misnamed = file.includes("\uFFFD");
    return misnamed ? unreadable(file, "its name is not UTF-8; rename it") : undefined;
  }
}

function read(path: string, { file, nowMs }: OneFile): Known | undefined {
  // A pipe that took the file's place in this moment must not be waited for.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile()) return undefined;
    const bytes = readFileSync(fd);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const content = readPromotion(bytes);
    const signature = isOld(stat, nowMs) ? signatureOf(stat) : "";
    const writtenMs = Number(stat.mtimeMs);
    if (!content.ok) {
      const broken = { file, text: content.text, fingerprint: sha256, unread: false };
      return { signature, look: { kind: "broken", broken, writtenMs } };
    }
    const stem = file.slice(0, -".json".length);
    const promotion = { id: promotionId(stem, sha256), file, stem, sha256, ownId: content.ownId, writtenMs };
    return { signature, look: { kind: "promotion", promotion } };
  } finally {
    closeSync(fd);
  }
}

function refused(stat: BigIntStats, file: string, text: string): Known {
  const signature = signatureOf(stat);
  const broken = { file, text, fingerprint: signature, unread: false };
  return { signature, look: { kind: "broken", broken, writtenMs: Number(stat.mtimeMs) } };
}

function unreadable(file: string, text: string): Known {
  const broken = { file, text, fingerprint: text, unread: true };
  return { signature: "", look: { kind: "broken", broken, writtenMs: 0 } };
}

function signatureOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${String(ino)}/${String(size)}/${String(mtimeNs)}/${String(ctimeNs)}`;
}

function isOld({ ctimeMs }: BigIntStats, nowMs: number): boolean {
  return Math.abs(nowMs - Number(ctimeMs)) > TICK_MS;
}

function sorted(
  place: Place,
  known: readonly Known[],
  nowMs: number,
  isAcknowledged: (promotions: readonly Promotion[]) => ReadonlySet<string>,
): Omit<DirectoryLook, "parked"> {
  const promotions: Promotion[] = [];
  const broken: BrokenFile[] = [];
  let againInMs: number | undefined;
  for (const { look } of known) {
    if (look.kind === "promotion") promotions.push(look.promotion);
    else {
      const quietInMs = QUIET_MS - Math.abs(nowMs - look.writtenMs);
      if (quietInMs > 0) againInMs = Math.min(againInMs ?? QUIET_MS, Math.ceil(quietInMs) + 1);
      else broken.push(look.broken);
    }
  }
  const acknowledged = isAcknowledged(promotions);
  return { place, failed: undefined, promotions, acknowledged, broken, againInMs };
}
