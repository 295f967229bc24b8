import { expect, test } from "bun:test";
import { WORKER, question, text } from "../fixtures.ts";
import { purgeable } from "./retention.ts";
import { TestClient, checkJournal, testBroker } from "../testing.ts";

const BODY_BYTES = 100_000;

test("a look at what could go reads no bodies, however large those are that are still needed", async () => {
  const { broker, clock } = testBroker();
  const worker = new TestClient(broker, WORKER.name);
  const router = new TestClient(broker, "intent-router");
  await worker.attach(WORKER);
  for (let n = 0; n < 20; n++) {
    const evidence = [`dump:${"x".repeat(BODY_BYTES / 2)}`, `more:${"x".repeat(BODY_BYTES / 2)}`];
    await router.now(router.session.publish([text(question(n, { evidence }))]));
  }
  clock.advance(1000);
  let read = 0;
  const { handle } = broker.db;
  const counting = {
    prepare: (sql: string) => {
      const statement = handle.prepare(sql);
      const all = (...values: number[]): unknown[] => {
        const rows = statement.all(...values);
        read += JSON.stringify(rows).length;
        return rows;
      };
      return { all, get: () => statement.get() };
    },
  };
  const limits = { ageMs: 0, bytesMax: 1, rememberMs: 1000 };
  expect([...purgeable(counting as never, limits, clock.wallMs())]).toEqual([]);
  expect(read).toBeLessThan(BODY_BYTES);
  broker.close();
});

test("a damaged signal that was set aside leaves the journal in its turn, and keeps nothing else from it", async () => {
  const { broker, clock } = testBroker();
  const router = new TestClient(broker, "intent-router");
  for (let n = 0; n < 3; n++) await router.now(router.session.publish([text(question(n))]));
  broker.db.handle.run("UPDATE signal SET body = substr(body, 5) WHERE seq = 2");
  clock.advance(1000);
  const limits = { ageMs: 0, bytesMax: 1e12, rememberMs: 86_400_000, after: 0 };
  expect(await router.now(broker.admin("pruneJournal", limits))).toMatchObject({ purged: 3 });
  broker.close();
});

const FULL = { ageMs: 86_400_000, bytesMax: 1, rememberMs: 86_400_000, after: 0 };

test("a prune takes nothing that was stored, or settled without an answer, in the same moment", async () => {
  const { broker } = testBroker();
  const worker = new TestClient(broker, WORKER.name);
  const router = new TestClient(broker, "intent-router");
  await worker.attach(WORKER);
  const prune = async (): Promise<unknown> => broker.admin("pruneJournal", FULL);
  const both = [router.session.publish([text(question(1))]), prune()];
  broker.flush();
  expect(await Promise.all(both)).toMatchObject([[{ status: "stored" }], { purged: 0 }]);
  const [delivery] = worker.take(WORKER.name);
  if (delivery === undefined) throw new Error("the signal is gone");
  const { seq, token } = delivery;
  const settled = worker.session.settle(WORKER.name, [{ seq, token, outcome: { kind: "done", emits: [] } }]);
  const pruned = prune();
  broker.flush();
  expect([await settled, await pruned]).toMatchObject([[{ status: "ok" }], { purged: 0 }]);
  expect(broker.db.handle.query("SELECT request_seq FROM deadline").all()).toEqual([{ request_seq: seq }]);
  expect(checkJournal(broker)).toEqual([]);
  broker.close();
});
