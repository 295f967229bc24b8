/**
 * What the broker does for its journal when it has a moment: the mark to the disk, the write-ahead log short, the
 * reserve, retention. Called with each tick; each thing has its own pace.
 */
import { statSync } from "node:fs";
import type { CommitMark } from "./commit_mark.ts";
import type { JournalDatabase } from "./database.ts";
import type { IdMemo } from "./id_memo.ts";
import { Room, type RoomLimits } from "./reserve.ts";
import { type RetentionLimits, STEP_ROWS, purge } from "./retention.ts";
import type { Transaction } from "./transaction.ts";

export interface UpkeepOptions {
  readonly retention?: RetentionLimits | undefined;
  readonly room?: RoomLimits | undefined;
}

export interface Kept {
  readonly db: JournalDatabase;
  readonly memo: IdMemo;
  readonly mark: CommitMark;
  readonly readsWaiting: () => number;
  /** Queues for the next transaction; nobody waits for it. */
  readonly housekeeping: (work: (tx: Transaction) => void) => void;
  readonly count: (name: string, by?: number) => void;
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

type Pace = "mark" | "room" | "purge" | "wal";

export class Upkeep {
  readonly room: Room | undefined;
  readonly #kept: Kept;
  readonly #retention: RetentionLimits | undefined;
  readonly #due: Record<Pace, number> = { mark: 0, room: 0, purge: 0, wal: 0 };
  #after = 0;
  #purging = false;
  #wrote = -1;
  #quietSince = 0;

  constructor(kept: Kept, { retention, room }: UpkeepOptions) {
    this.#kept = kept;
    this.#retention = retention;
    this.room = room === undefined || kept.db.path === ":memory:" ? undefined : new Room(kept.db.path, room);
  }

  /** `now`: the broker's clock; `commits`: transactions so far. */
  tick(now: number, commits: number): void {
    if (commits !== this.#wrote) {
      this.#wrote = commits;
      this.#quietSince = now;
    }
    this.#when("mark", now, MARK_SYNC_MS, () => this.#kept.mark.sync());
    this.#when("room", now, ROOM_MS, () => this.room?.look());
    this.#when("wal", now, QUIET_MS, () => this.#shortenWal(now));
    if (this.#retention !== undefined) {
      const limits = this.#retention;
      this.#when("purge", now, STEP_MS, () => this.#step(limits, now));
    }
  }

  /** `sound`: what is in the log still can and should be in the file: the reader's thread may keep SQLite from doing that. */
  close(sound: boolean): void {
    const { db, mark } = this.#kept;
    mark.close();
    if (!sound || db.path === ":memory:") return;
    try {
      db.emptyWal();
    } catch {
      this.#kept.count("housekeeping_failed"); // the next start looks at it
    }
  }

  #when(what: Pace, now: number, everyMs: number, work: () => void): void {
    if (now < this.#due[what]) return;
    this.#due[what] = now + everyMs;
    work();
  }

  #step(limits: RetentionLimits, now: number): void {
    if (this.#purging) return;
    this.#purging = true;
    this.#kept.housekeeping((tx) => {
      const { memo, db } = this.#kept;
      const forgotten = memo.forget(tx.at, STEP_ROWS);
      const { purged, next } = purge({ db, memo, at: tx.at }, limits, this.#after);
      tx.afterCommit(() => {
        this.#after = next ?? 0;
        if (next === undefined && forgotten < STEP_ROWS) this.#due.purge = now + ROUND_MS;
        if (purged > 0) this.#kept.count("purged", purged);
      });
    });
    this.#purging = false;
  }

  #shortenWal(now: number): void {
    const { db } = this.#kept;
    if (db.path === ":memory:" || this.#kept.readsWaiting() > 0) return;
    const { size } = statSync(`${db.path}-wal`, { throwIfNoEntry: false }) ?? { size: 0 };
    if (size === 0 || (now - this.#quietSince < QUIET_MS && size < WAL_BYTES_MAX)) return;
    db.emptyWal();
    this.#kept.count("wal_emptied");
  }
}
