/** The winners of a runner that writes no report: its winners' files that changed while it ran. */
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, messageOf } from "@kloros/daemon";
import { readWinner } from "@kloros/dream-runner";
import type { CycleYield } from "../decide.ts";

/** The snapshot stands in a plan, of which it may take a third. */
const FILES_MAX = 300;
const SNAPSHOT_BYTES_MAX = 20 * 1024;
const FILE_BYTES_MAX = 1024 * 1024;

export type Snapshot = Readonly<Record<string, string>>;

export function winnersDirectory(artifacts: string): string {
  return join(artifacts, "winners");
}

/** Before a cycle. Throws when there are too many to keep apart. */
export async function snapshotWinners(directory: string): Promise<Snapshot> {
  const snapshot = await fingerprints(directory);
  if (Buffer.byteLength(JSON.stringify(snapshot)) > SNAPSHOT_BYTES_MAX) throw tooMany(directory);
  return snapshot;
}

function tooMany(directory: string): Error {
  return new Error(
    `${directory} holds too many winners to tell which are new (about ${FILES_MAX} at most): move those of experiments that are gone elsewhere`,
  );
}

/** By name. */
async function fingerprints(directory: string): Promise<Snapshot> {
  const names = await winnerNames(directory);
  if (names.length > FILES_MAX) throw tooMany(directory);
  const entries = await Promise.all(
    names.map(async (name) => [name, await fingerprint(join(directory, name))]),
  );
  return Object.fromEntries(entries) as Snapshot;
}

export async function readChangedWinners(directory: string, before: Snapshot): Promise<CycleYield> {
  const now = await fingerprints(directory);
  const changed = Object.keys(now).filter((name) => now[name] !== before[name]);
  const winners = [];
  const unreadable: string[] = [];
  for (const name of changed) {
    try {
      winners.push(await readWinner(join(directory, name)));
    } catch (error) {
      unreadable.push(messageOf(error));
    }
  }
  return { kind: "foreign", winners, unreadable };
}

async function winnerNames(directory: string): Promise<readonly string[]> {
  try {
    const names = await readdir(directory);
    return names.filter((name) => name.endsWith(".json") && !name.startsWith(".")).toSorted();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** A file that is written anew with the same content is a result of this run, too. */
async function fingerprint(path: string): Promise<string> {
  const { mtimeNs, size } = await stat(path, { bigint: true });
  const content = size > FILE_BYTES_MAX ? "" : await readFile(path);
  const digest = createHash("sha256").update(content).digest("hex").slice(0, 12);
  return `${mtimeNs.toString(36)}.${digest}`;
}
