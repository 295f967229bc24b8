import {
  CuriosityInvestigate,
  type Envelope,
  InvestigationComplete,
  createRoot,
} from "@kloros/signal-schema";
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditNow } from "../audit/audit.ts";
import { backupJournal, restoreJournal } from "../repair/backup.ts";
import type { Broker } from "../broker.ts";
import type { BrokerOptions } from "../broker_options.ts";
import { JournalError, JournalFullError } from "../database.ts";
import { text } from "../fixtures.ts";
import { markPathOf, missingSince, readMark } from "../start/high_water.ts";
import { pruneable } from "./prune.ts";
import { repairJournal } from "../repair/repair.ts";
import { Room } from "./reserve.ts";
import { TestClient, type TestClock, checkJournal, runFor, testBroker } from "../testing.ts";
import { auditJournal, verifyJournal } from "../audit/verify.ts";

const DAY = 86_400_000;
const NOW = 1_763_856_000_000;

/** Of signals that nobody has to answer: no deadline keeps them. */
const WORKER = {
  name: "semantic-dedup",
  signals: ["Q_INVESTIGATION_COMPLETE"],
  start: { from: "earliest" },
} as const;

const said = new Map<number, Envelope>();

/** The same for the same `n`, id included. */
function question(n: number): Envelope {
  const facts = {
    ...InvestigationComplete.examples[0],
    question: `question ${n}`,
    question_id: `q.${n}`,
    investigation_timestamp: `at ${n}`,
  };
  const envelope =
    said.get(n) ??
    createRoot(InvestigationComplete, facts as never, { source: "investigation-consumer", nowMs: NOW + n });
  said.set(n, envelope);
  return envelope;
}

let dir: string;
let path: string;
let open: Broker[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kloros-upkeep-"));
  path = join(dir, "journal.db");
  open = [];
});
afterEach(() => {
  for (const broker of open) broker.close();
  rmSync(dir, { recursive: true, force: true });
});

interface Running {
  readonly broker: Broker;
  readonly clock: TestClock;
  readonly router: TestClient;
  readonly worker: TestClient;
}

async function start(options: Partial<BrokerOptions> = {}, instance = "one"): Promise<Running> {
  const { broker, clock } = testBroker({ path, ...options });
  open.push(broker);
  const router = new TestClient(broker, "investigation-consumer");
  const worker = new TestClient(broker, WORKER.name, { instance });
  await worker.attach(WORKER);
  return { broker, clock, router, worker };
}

const publish = ({ router }: Running, ...ns: number[]) =>
  router.now(router.session.publish(ns.map((n) => text(question(n)))));

/** The next so many; credit is absolute. */
async function settleAll({ worker }: Running, count: number): Promise<void> {
  for (let left = count; left > 0;) {
    const total = (credits.get(worker) ?? 0) + Math.min(left, 500);
    credits.set(worker, total);
    const taken = worker.take(WORKER.name, total);
    if (taken.length === 0) return;
    const done = taken.map(({ seq, token }) => ({
      seq,
      token,
      outcome: { kind: "done", emits: [] } as const,
    }));
    await worker.now(worker.session.settle(WORKER.name, done));
    left -= taken.length;
  }
}
const credits = new WeakMap<TestClient, number>();

const refusal = (work: () => unknown): string => {
  try {
    work();
    return "";
  } catch (error) {
    return error instanceof JournalError ? `${error.code}: ${error.message}` : String(error);
  }
};

describe("the mark beside the journal", () => {
  test("is never behind a bus that was killed, and never ahead of its journal", async () => {
    const bus = await start();
    for (let n = 1; n <= 20; n++) {
      await publish(bus, n);
      expect(readMark(markPathOf(path))).toMatchObject({ seq: n });
    }
    const mark = readMark(markPathOf(path));
    const commits = bus.broker.db.prepare("SELECT v FROM meta WHERE k = 'commit'").get() as { v: number };
    expect(mark?.commit).toBe(commits.v);
  });

  test("a transaction that writes nothing leaves it, and costs no sync", async () => {
    const bus = await start();
    await publish(bus, 1);
    const before = readMark(markPathOf(path));
    await publish(bus, 1);
    expect(readMark(markPathOf(path))).toEqual(before);
  });

  test("refuses a journal whose log was cut, names what is missing, and a repair names the signals", async () => {
    const bus = await start();
    await publish(bus, 1, 2);
    const wal = statSync(`${path}-wal`).size;
    await publish(bus, 3);
    await publish(bus, 4);
    const copy = join(dir, "copy");
    await Bun.$`mkdir ${copy} && cp ${path} ${path}-wal ${markPathOf(path)} ${copy}`.quiet();
    const cut = join(copy, "journal.db");
    truncateSync(`${cut}-wal`, wal);
    expect(refusal(() => testBroker({ path: cut }))).toMatch(/lost: .*signals 3 to 4, 2 transactions/);
    // The refusal changed nothing.
    expect(statSync(`${cut}-wal`).size).toBe(wal);
    const report = repairJournal(cut, { nowMs: NOW });
    expect(report.signals.map(({ seq }) => seq)).toEqual([3, 4]);
    const { broker } = testBroker({ path: cut });
    open.push(broker);
    expect(broker.lastSeq).toBe(4);
    expect(checkJournal(broker)).toEqual([]);
  });

  test("refuses to begin anew where a journal was", async () => {
    const bus = await start();
    await publish(bus, 1);
    bus.broker.close();
    for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
    expect(refusal(() => testBroker({ path }))).toContain("lost");
  });

  test("a torn or foreign mark says nothing; the older slot counts", () => {
    expect(missingSince(undefined, { commit: 0, seq: 0, epoch: 0 })).toBeUndefined();
    writeFileSync(markPathOf(path), "nonsense");
    expect(readMark(markPathOf(path))).toBeUndefined();
  });

  test("the write-ahead log is emptied when nobody writes", async () => {
    const bus = await start();
    await publish(bus, 1);
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
    runFor(bus.broker, bus.clock, 3000);
    expect(statSync(`${path}-wal`).size).toBe(0);
  });

  test("the write-ahead log is not emptied while somebody reads from it, and that is said", async () => {
    const { broker, ...bus } = await start();
    await publish({ broker, ...bus }, 1);
    const other = new Database(path, { readonly: true });
    other.run("BEGIN");
    other.query("SELECT count(*) FROM signal").get();
    expect(broker.db.emptyWal()).toBe(false);
    other.run("COMMIT");
    other.close();
    expect(broker.db.emptyWal()).toBe(true);
  });

  test("at a stop the log is emptied also when the reader's thread, which ends at that moment, is at it first", async () => {
    const bus = await start();
    await publish(bus, 1);
    const emptyWal = spyOn(bus.broker.db, "emptyWal");
    for (let n = 0; n < 3; n += 1) emptyWal.mockImplementationOnce(() => false);
    bus.broker.close();
    expect(emptyWal).toHaveBeenCalledTimes(4);
    expect(statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0);
  });
});

describe("retention", () => {
  const retention = { ageMs: DAY, bytesMax: Number.MAX_SAFE_INTEGER, rememberMs: 2 * DAY };

  test("takes what is settled and old, keeps the rest, remembers the ids, and the audit still adds up", async () => {
    const bus = await start({ retention });
    await publish(bus, ...Array.from({ length: 12 }, (_, n) => n));
    const [dead, ...others] = bus.worker.take(WORKER.name, 10);
    await bus.worker.settle(dead!, { kind: "dead", reason: "terminal", error: "no" });
    for (const d of others) await bus.worker.settle(d, { kind: "done", emits: [] });
    bus.clock.advance(2 * DAY);
    runFor(bus.broker, bus.clock, 1000);
    const left = (await bus.broker.read({ limit: 100 })).items.map((item) => item.seq);
    expect(left).toEqual([1, 11, 12]);
    expect(await publish(bus, 5)).toEqual([{ status: "duplicate", seq: 6 }]);
    const other = { ...question(5), facts: { ...question(5).facts, question: "another" } };
    expect(await bus.router.now(bus.router.session.publish([text(other)]))).toMatchObject([
      { status: "conflict", seq: 6 },
    ]);
    const report = auditNow(bus.broker.db.handle);
    expect(report).toMatchObject({
      ok: true,
      consumers: [{ matched: 12, done: 9, dead: 1, open: 2, purged: 9 }],
    });
  });

  test("takes a request that nobody ever asked for", async () => {
    const bus = await start({ retention });
    const asker = new TestClient(bus.broker, "curiosity-core");
    const request = createRoot(CuriosityInvestigate, CuriosityInvestigate.examples[0] as never, {
      source: "curiosity-core",
      nowMs: NOW,
    });
    await asker.now(asker.session.publish([text(request)]));
    bus.clock.advance(2 * DAY);
    runFor(bus.broker, bus.clock, 1000);
    expect((await bus.broker.read({ id: request.id })).items).toEqual([]);
    checkJournal(bus.broker);
  });

  test("forgets ids when their time is over, and survives a restart in between", async () => {
    const bus = await start({ retention });
    await publish(bus, 1, 2, 3);
    await settleAll(bus, 3);
    bus.clock.advance(2 * DAY);
    runFor(bus.broker, bus.clock, 400);
    bus.broker.close();
    const clock = { wallMs: () => NOW + 5 * DAY, monotonicMs: () => bus.clock.monotonicMs() };
    const later = await start({ retention, clock }, "two");
    runFor(later.broker, bus.clock, 1000);
    expect(later.broker.db.prepare("SELECT count(*) AS n FROM idmemo").get()).toEqual({ n: 0 });
    expect(auditNow(later.broker.db.handle).ok).toBe(true);
    expect(await publish(later, 1)).toMatchObject([{ status: "stored", seq: 4 }]);
  });

  test("takes the oldest while the journal is too large, at most 500 in one transaction", async () => {
    const bus = await start();
    for (let n = 0; n < 900; n += 300) await publish(bus, ...Array.from({ length: 300 }, (_, i) => n + i));
    await settleAll(bus, 800);
    const limits = { ageMs: 365 * DAY, bytesMax: 0, rememberMs: DAY };
    expect(pruneable(path, limits, NOW)).toMatchObject({ signals: 800, firstSeq: 1 });
    const steps: number[] = [];
    let after: number | null = 0;
    while (after !== null) {
      const step: Promise<{ purged: number; next: number | null }> = bus.broker.admin("pruneJournal", {
        ...limits,
        after,
      });
      bus.broker.flush();
      const result = await step;
      steps.push(result.purged);
      after = result.next;
    }
    expect(steps).toEqual([500, 300]);
    expect((await auditJournal(path)).ok).toBe(true);
  });
});

describe("the reserve", () => {
  test("is given up when the disk is full: publishers wait, acknowledgements go on, until there is room", async () => {
    let free = 10_000_000;
    const room = new Room(path, { reserveBytes: 100_000, freeBytesMin: 1_000_000 }, () => free);
    expect(statSync(join(dir, "journal.reserve")).size).toBe(100_000);
    expect(room.release()).toBe(true);
    expect([room.tight, existsSync(join(dir, "journal.reserve"))]).toEqual([true, false]);
    free = 900_000;
    room.look();
    expect(room.tight).toBe(true);
    free = 10_000_000;
    room.look();
    expect([room.tight, existsSync(join(dir, "journal.reserve"))]).toEqual([false, true]);
    free = 900_000;
    room.look();
    expect(room.tight).toBe(true);
  });

  test("a bus on a disk with less free than it should have answers publishes busy, and settles", async () => {
    const bus = await start({ room: { reserveBytes: 4096, freeBytesMin: 0 } });
    await publish(bus, 1);
    const [d] = bus.worker.take(WORKER.name);
    const real = bus.broker.db.transaction.bind(bus.broker.db);
    bus.broker.db.transaction = () => {
      throw new JournalFullError("no space left");
    };
    expect(await publish(bus, 2)).toMatchObject([{ status: "busy" }]);
    bus.broker.db.transaction = real;
    expect(await publish(bus, 3)).toMatchObject([{ status: "busy" }]);
    expect(await bus.worker.settle(d!, { kind: "done", emits: [] })).toEqual({ status: "ok" });
    runFor(bus.broker, bus.clock, 2000);
    expect(await publish(bus, 4)).toMatchObject([{ status: "stored" }]);
  });
});

describe("backup and restore", () => {
  test("a backup taken while the bus writes is whole; restored, it goes on above all numbers given out", async () => {
    const bus = await start();
    await publish(bus, 1, 2, 3);
    const target = join(dir, "backup.db");
    expect(backupJournal(path, target)).toEqual({ target, signals: 3, lastSeq: 3 });
    expect(statSync(target).mode & 0o777).toBe(0o600);
    expect(refusal(() => backupJournal(path, target))).toContain("there already");
    await publish(bus, 4, 5);
    expect(refusal(() => restoreJournal(path, target, { nowMs: NOW }))).toContain("pid");
    const { epoch } = bus.broker;
    bus.broker.close();
    const report = restoreJournal(path, target, { nowMs: NOW });
    expect(report).toMatchObject({ signals: 3, lastSeq: 3, behind: 2 });
    expect((await auditJournal(report.kept ?? "")).signals).toBe(5);
    const after = await start({}, "two");
    expect(after.broker.epoch).toBeGreaterThan(epoch);
    expect(after.worker.take(WORKER.name).map((d) => d.seq)).toEqual([1, 2, 3]);
    expect(await publish(after, 4)).toMatchObject([{ status: "stored", seq: 6 }]);
    expect((await verifyJournal(path)).ok).toBe(true);
  });

  test("a damaged backup is refused, and the journal in place stays", async () => {
    const bus = await start();
    await publish(bus, 1);
    const target = join(dir, "backup.db");
    backupJournal(path, target);
    bus.broker.close();
    const bytes = readFileSync(target);
    const at = bytes.indexOf("question 1");
    bytes[at] = 0x58;
    writeFileSync(target, bytes);
    expect(refusal(() => restoreJournal(path, target, { nowMs: NOW }))).toContain("no whole backup");
    expect((await start({}, "two")).broker.lastSeq).toBe(1);
  });
});

describe("the audit", () => {
  test("finds a delivery that is missing, a count that is wrong, and a signal that changed", async () => {
    const bus = await start();
    await publish(bus, 1, 2, 3);
    expect((await auditJournal(path)).ok).toBe(true);
    bus.broker.db.handle.run("DELETE FROM delivery WHERE seq = 2");
    bus.broker.db.handle.run(
      "UPDATE signal SET body = replace(body, 'question 3', 'question 7') WHERE seq = 3",
    );
    const { ok, differences, damaged } = await auditJournal(path);
    expect(ok).toBe(false);
    expect(differences.join("\n")).toContain(`consumer ${WORKER.name} has no delivery of signal 2`);
    expect(differences.join("\n")).toContain("counts matched = 3, its rows say 2");
    expect(damaged).toEqual([{ seq: 3, cid: 0, what: "checksum of the signal" }]);
  });

  test("is clean at every moment while a bus works beside it", async () => {
    const bus = await start();
    for (let round = 0; round < 15; round++) {
      const audit = auditJournal(path);
      await publish(bus, ...Array.from({ length: 50 }, (_, n) => round * 50 + n));
      await settleAll(bus, 30);
      expect(await audit).toMatchObject({ ok: true, differences: [], damaged: [] });
    }
  });
});
