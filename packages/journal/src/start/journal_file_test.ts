import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { FileLockHeldError } from "@kloros/file-lock";
import { CuriosityInvestigate, createRoot } from "@kloros/signal-schema";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Broker } from "../broker.ts";
import { TestClient, checkJournal, testBroker } from "../testing.ts";

const WORKER = {
  name: "investigation-consumer",
  signals: ["Q_CURIOSITY_INVESTIGATE"],
  start: { from: "earliest" },
} as const;

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kloros-journal-"));
  path = join(dir, "journal.db");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function question(n: number, padding = ""): string {
  const facts = {
    ...CuriosityInvestigate.examples[0],
    question: `question ${n}${padding}`,
    question_id: `q.${n}`,
  };
  return JSON.stringify(
    createRoot(CuriosityInvestigate, facts as never, {
      source: "intent-router",
      nowMs: 1_763_856_000_000 + n,
    }),
  );
}

async function publish(broker: Broker, ...bodies: string[]): Promise<readonly { status: string }[]> {
  const router = new TestClient(broker, "intent-router");
  return router.now(router.session.publish(bodies));
}

describe("a journal in a file", () => {
  test("keeps signals, counts, dead letters and waiting retries over a restart", async () => {
    const before = testBroker({ path }).broker;
    const worker = new TestClient(before, "investigation-consumer");
    await worker.attach(WORKER);
    await publish(before, question(1), question(2), question(3));
    const [a, b] = worker.take(WORKER.name);
    await worker.settle(a!, { kind: "dead", reason: "terminal", error: "impossible" });
    await worker.settle(b!, { kind: "retry", error: "later", delayMs: 0 });
    before.close();

    const after = testBroker({ path }).broker;
    const next = new TestClient(after, "investigation-consumer", { instance: "next" });
    await next.attach(WORKER);
    const seqs = next.take(WORKER.name).map((d) => [d.seq, d.attempt]);
    expect(seqs.sort()).toEqual([
      [2, 2],
      [3, 1],
    ]);
    expect(await after.admin("deadLetters", {})).toMatchObject([{ seq: 1, error: "impossible" }]);
    expect((await after.read({})).items.map((item) => item.deliveries[0]?.state)).toEqual([
      "dead",
      "leased",
      "leased",
    ]);
    expect(checkJournal(after)).toEqual([]);
    after.close();
  });

  test("is locked against a second bus, which is told the holder's pid", () => {
    const { broker } = testBroker({ path });
    const second = (): Broker => new Broker({ path });
    expect(second).toThrow(FileLockHeldError);
    expect(second).toThrow(`pid ${process.pid}`);
    broker.close();
    second().close();
  });

  test("is its owner's alone, and so is one that an earlier version left open to read", async () => {
    const modes = () => ["", "-wal", "-shm"].map((end) => statSync(`${path}${end}`).mode & 0o777);
    for (const earlier of [false, true]) {
      if (earlier) chmodSync(path, 0o644);
      const broker = testBroker({ path }).broker;
      await publish(broker, question(1));
      expect(modes()).toEqual([0o600, 0o600, 0o600]);
      broker.close();
    }
  });

  test("sets a row with a flipped byte aside, names it, and delivers what is behind it", async () => {
    const before = testBroker({ path }).broker;
    await publish(before, question(1), question(2));
    before.close();
    const raw = new Database(path);
    raw.run("UPDATE signal SET body = replace(body, 'question 1', 'question 7') WHERE seq = 1");
    raw.close();
    const { broker } = testBroker({ path });
    const worker = new TestClient(broker, "investigation-consumer");
    await worker.attach(WORKER);
    expect(worker.take(WORKER.name).map((d) => d.seq)).toEqual([2]);
    broker.flush();
    expect((await broker.admin("consumers", {}))[0]).toMatchObject({ matched: 2, damaged: 1, leased: 1 });
    expect((await broker.read({ id: JSON.parse(question(2)).id })).items).toBeArray();
    broker.close();
  });

  test("refuses a file that is no database, one of a newer schema, and one in a directory that is not there", () => {
    writeFileSync(
      path,
      "this is a text, long enough to be looked at as a header of a database file\n".repeat(20),
    );
    expect(() => new Broker({ path })).toThrow("damaged");
    rmSync(path);
    const newer = new Database(path, { create: true });
    newer.run("PRAGMA user_version = 99");
    newer.close();
    expect(() => new Broker({ path })).toThrow("newer");
    expect(() => new Broker({ path: join(dir, "nowhere", "journal.db") })).toThrow("ENOENT");
  });

  test("reads pages by name, source, trace and direction", async () => {
    const { broker } = testBroker({ path });
    await publish(broker, ...Array.from({ length: 25 }, (_, i) => question(i)));
    const first = await broker.read({ limit: 10 });
    expect(first.items.map((i) => i.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const rest = await broker.read({ afterSeq: first.next ?? 0, limit: 100 });
    expect(rest.items).toHaveLength(15);
    expect(rest.next).toBeNull();
    const newest = await broker.read({ order: "newest", limit: 2 });
    expect(newest.items.map((i) => i.seq)).toEqual([25, 24]);
    const { trace } = newest.items[1]!.envelope;
    expect((await broker.read({ trace })).items.map((i) => i.seq)).toEqual([24]);
    expect((await broker.read({ signals: ["Q_DREAM_TRIGGER"] })).items).toEqual([]);
    broker.close();
  });

  const canMount = process.getuid?.() === 0 && spawnSync("mount", ["--version"]).status === 0;
  test.skipIf(!canMount)(
    "answers busy on a full disk, loses nothing, and goes on when there is room (needs root for a small tmpfs)",
    async () => {
      const small = join(dir, "small");
      mkdirSync(small);
      if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", small]).status !== 0) return;
      try {
        const { broker } = testBroker({ path: join(small, "journal.db") });
        const padding = "x".repeat(60_000);
        const stored: number[] = [];
        let busy = 0;
        for (let n = 0; n < 40 && busy === 0; n++) {
          const [result] = await publish(broker, question(n, padding));
          if (result?.status === "stored") stored.push(n);
          else busy += 1;
        }
        expect(busy).toBe(1);
        expect(stored.length).toBeGreaterThan(2);
        expect((await broker.read({ limit: 1000 })).items).toHaveLength(stored.length);
        spawnSync("mount", ["-o", "remount,size=8m", small]);
        const [again] = await publish(broker, question(1000, padding));
        expect(again?.status).toBe("stored");
        expect(checkJournal(broker)).toEqual([]);
        broker.close();
      } finally {
        spawnSync("umount", ["-l", small]);
      }
    },
  );

  test("names a journal that may not be written", () => {
    if (process.getuid?.() === 0) return;
    chmodSync(dir, 0o500);
    expect(() => new Broker({ path })).toThrow("EACCES");
    chmodSync(dir, 0o700);
  });
});
