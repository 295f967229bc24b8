/** What the disk goes through, by name: what stands there before, what runs, and what may be lost. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Database } from "bun:sqlite";
import { choicesOf } from "@kloros/signal-schema/testing";
import type { CampaignOptions } from "./campaign.ts";
import { Disk } from "./disk.ts";
import { writeImage } from "./judge.ts";
import { cutsOf, lossOf } from "./loss.ts";
import { Promised, marksIn } from "./promised.ts";
import { type Recording, record } from "./recorder.ts";

export interface Prepared extends Pick<CampaignOptions, "promised" | "expect"> {
  readonly recording: Recording;
}

export interface Place {
  readonly shim: string;
  /** An empty directory. */
  readonly dir: string;
  readonly seed: number;
}

/** Recorded once each; every loss of power is one of them at some moment. */
export const SCENARIOS: Readonly<Record<string, (place: Place) => Promise<Prepared>>> = {
  "a first start": async (place) => fromNothing(place, "first"),
  "three lives of a bus": async (place) => fromNothing(place, "traffic"),
  "a restore": async (place) => fromNothing(place, "restore"),
  "a start after a loss of power": startAfterLoss,
  "a journal of version 1": versionOne,
  "a repair": repair,
};

export async function fromNothing({ shim, dir, seed }: Place, workload: string): Promise<Prepared> {
  const root = makeRoot(dir, workload);
  return { promised: new Promised(), recording: await record(shim, root, { workload, seed }) };
}

async function startAfterLoss({ shim, dir, seed }: Place): Promise<Prepared> {
  const { recording } = await fromNothing({ shim, dir, seed }, "open");
  const [cut] = cutsOf(recording.records.slice(-300), 1, seed);
  const at = recording.records.length - 300 + (cut?.at ?? 0);
  const { disk, promised } = played(recording, at);
  const root = makeRoot(dir, "again");
  const choices = choicesOf(seed);
  writeImage(root, disk.after(lossOf(choices)), choices);
  return { promised, recording: await record(shim, root, { workload: "again", seed }) };
}

async function versionOne({ shim, dir, seed }: Place): Promise<Prepared> {
  const fixture = join(import.meta.dirname, "../../../packages/journal/fixtures/journal_v1.db.gz");
  const root = makeRoot(dir, "version-1");
  writeFileSync(join(root, "journal.db"), Bun.gunzipSync(readFileSync(fixture)));
  const promised = new Promised();
  // In a journal of its own: looking at it leaves files beside it.
  const looked = join(dir, "looked.db");
  writeFileSync(looked, Bun.gunzipSync(readFileSync(fixture)));
  const db = new Database(looked);
  const rows = db
    .query<{ seq: number; id: string; body: string }, []>("SELECT seq, id, body FROM signal")
    .all();
  db.close();
  for (const row of rows) promised.hear({ said: "stored", ...row });
  const recording = await record(shim, root, { workload: "again", seed });
  return { promised, recording, expect: { versionOne: rows.length } };
}

/** Of the log, and of its first page in it. */
const LOG_HEADER_BYTES = 32 + 24;
const PAGE_BYTES = 4096;

/** A byte of the log was flipped before. What the whole repair loses, one that dies and is said again may lose too. */
async function repair({ shim, dir, seed }: Place): Promise<Prepared> {
  const { recording } = await fromNothing({ shim, dir, seed }, "open");
  const { disk, promised } = played(recording, recording.records.length);
  const choices = choicesOf(seed);
  const root = makeRoot(dir, "repair");
  writeImage(root, disk.whole(), choices);
  const log = readFileSync(join(root, "journal.db-wal"));
  // In the first page of the log: to SQLite it ends there, with all that was acknowledged since its last checkpoint.
  const at = LOG_HEADER_BYTES + choices.below(PAGE_BYTES);
  log[at] = (log[at] ?? 0) ^ 0x10;
  writeFileSync(join(root, "journal.db-wal"), log);
  const repairing = await record(shim, root, { workload: "repair", seed });
  const report = marksIn(repairing.records).find((mark) => mark.said === "repaired");
  const damaged = { lost: new Set(report?.lost), worse: new Set(report?.worse) };
  return { promised, recording: repairing, expect: { damaged } };
}

export function played({ before, records }: Recording, until: number): { disk: Disk; promised: Promised } {
  const disk = new Disk(before);
  const promised = new Promised();
  for (const one of records.slice(0, until)) {
    disk.take(one);
    promised.take(one);
  }
  return { disk, promised };
}

function makeRoot(dir: string, name: string): string {
  const root = join(dir, name);
  mkdirSync(root, { mode: 0o700 });
  return root;
}
