/**
 * What the broker does for its journal when it has a moment: the mark to the disk, the write-ahead log short, the
 * reserve, retention. Called with each tick; each thing has its own pace.
 */
import { statSync } from "node:fs";
import type { CommitMark } from "../commit_mark.ts";
import type { JournalDatabase } from "../database.ts";
import { Room, type RoomLimits } from "./reserve.ts";
import { type RetentionLimits, STEP_ROWS, purge } from "./retention.ts";
import type { Transaction } from "../transaction.ts";

export interface UpkeepOptions {
  readonly retention?: RetentionLimits | undefined;
  readonly room?: RoomLimits | undefined;
}

/** What upkeep needs of the broker. */
export interface Kept {
  readonly db: JournalDatabase;
  readonly reader: { readonly waiting: number };
  run<T>(
    work: (tx: Transaction) => T,
    options: { readonly solo: true; readonly full: (text: string) => T },
  ): Promise<T>;
  count(name: string, by?: number): void;
}

/** How long a cut by loss of power may go unseen, ms. */
const MARK_SYNC_MS = 1000;
const ROOM_MS = 1000;
/** Between two steps of retention, ms: it leaves most of the time to others. */
const STEP_MS = 100;
/** Between two rounds, ms. */
const ROUND_MS = 60_000;
/** A journal that nobody wrote to for so long gets its write-ahead log emptied, ms: what is in there can be cut off. */
const QUIET_MS = 1000;
/** The same at any time when it has grown beyond this (a long read), bytes. */
const WAL_BYTES_MAX = 64 * 1024 * 1024;
/**
 * At its end the reader's thread brings the log over as well, as does every program that read the journal (Bun does that
 * for connections that are left open); while it does, nobody else can. It takes milliseconds. Tries, and ms between two.
 */
const CLOSING_TRIES = 200;
const CLOSING_WAIT_MS = 5;

type Pace = "mark" | "room" | "purge" | "wal";

export class Upkeep {
  readonly room: Room | undefined;
  readonly #kept: Kept;
  readonly #mark: CommitMark;
  readonly #retention: RetentionLimits | undefined;
  readonly #due: Record<Pace, number> = { mark: 0, room: 0, purge: 0, wal: 0 };
  #after = 0;
  #purging = false;
  #wrote = -1;
  #quietSince = 0;

  constructor(kept: Kept, mark: CommitMark, { retention, room }: UpkeepOptions) {
    this.#kept = kept;
    this.#mark = mark;
    this.#retention = retention;
    this.room = room === undefined || kept.db.path === ":memory:" ? undefined : new Room(kept.db.path, room);
  }

  /** `now`: the broker's clock; `commits`: transactions so far. */
  tick(now: number, commits: number): void {
    if (commits !== this.#wrote) {
      this.#wrote = commits;
      this.#quietSince = now;
    }
    this.#when("mark", now, MARK_SYNC_MS, () => this.#mark.sync());
    this.#when("room", now, ROOM_MS, () => this.room?.look());
    this.#when("wal", now, QUIET_MS, () => this.#shortenWal(now));
    if (this.#retention !== undefined) {
      const limits = this.#retention;
      this.#when("purge", now, STEP_MS, () => this.#step(limits, now));
    }
  }

  /** `sound`: what is in the log still can and should be in the file: the reader's thread may keep SQLite from doing that. */
  close(sound: boolean): void {
    const { db } = this.#kept;
    this.#mark.close();
    if (!sound || db.path === ":memory:") return;
    try {
      for (let left = CLOSING_TRIES; !db.emptyWal() && left > 0; left -= 1) Bun.sleepSync(CLOSING_WAIT_MS);
    } catch {
      this.#kept.count("housekeeping_failed"); // the next start looks at it
    }
  }

  #when(what: Pace, now: number, everyMs: number, work: () => void): void {
    if (now < this.#due[what]) return;
    this.#due[what] = now + everyMs;
    work();
  }

  /** Nobody waits for it: on a full disk it is done at a later tick, and a broken journal tells its host by itself. */
  #step(limits: RetentionLimits, now: number): void {
    if (this.#purging) return;
    this.#purging = true;
    this.#kept
      .run((tx) => this.#purge(tx, limits, now), { solo: true, full: () => undefined })
      .catch(() => this.#kept.count("housekeeping_failed"))
      .finally(() => (this.#purging = false));
  }

  #purge(tx: Transaction, limits: RetentionLimits, now: number): void {
    const forgotten = tx.memo.forget(tx.at, STEP_ROWS);
    const { purged, next } = purge(tx, limits, this.#after);
    tx.afterCommit(() => {
      this.#after = next ?? 0;
      if (next === undefined && forgotten < STEP_ROWS) this.#due.purge = now + ROUND_MS;
      if (purged > 0) this.#kept.count("purged", purged);
    });
  }

  #shortenWal(now: number): void {
    const { db } = this.#kept;
    if (db.path === ":memory:" || this.#kept.reader.waiting > 0) return;
    const { size } = statSync(`${db.path}-wal`, { throwIfNoEntry: false }) ?? { size: 0 };
    if (size === 0 || (now - this.#quietSince < QUIET_MS && size < WAL_BYTES_MAX)) return;
    if (db.emptyWal()) this.#kept.count("wal_emptied");
  }
}
