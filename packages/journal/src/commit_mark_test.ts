import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WORKER, question, text } from "./fixtures.ts";
import { markPathOf, readMark } from "./start/high_water.ts";
import { TestClient, testBroker } from "./testing.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kloros-mark-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("a commit that fails at its last step is answered as failed, and leaves mark and memory as they were", async () => {
  const path = join(dir, "journal.db");
  const { broker } = testBroker({ path });
  const { handle } = broker.db;
  // Checked by COMMIT itself, behind all that is written before it.
  handle.run("PRAGMA foreign_keys = ON");
  handle.run("CREATE TEMP TABLE parent(id INTEGER PRIMARY KEY)");
  handle.run("CREATE TEMP TABLE child(id REFERENCES parent DEFERRABLE INITIALLY DEFERRED)");
  const router = new TestClient(broker, "intent-router");
  const worker = new TestClient(broker, WORKER.name);
  await worker.attach(WORKER);
  await router.now(router.session.publish([text(question(1))]));
  const before = readMark(markPathOf(path));
  let answered = "";
  let remembered = false;
  broker
    .run((tx) => {
      tx.db.prepare("UPDATE meta SET v = v WHERE k = 'commit'").run();
      tx.db.prepare("INSERT INTO child VALUES(1)").run();
      tx.afterCommit(() => (remembered = true));
    })
    .then(
      () => (answered = "stored"),
      (error: unknown) => (answered = String(error)),
    );
  broker.flush();
  await Bun.sleep(0);
  expect(answered).toContain("FOREIGN KEY");
  expect(remembered).toBeFalse();
  expect(readMark(markPathOf(path))).toEqual(before);
  const [result] = await router.now(router.session.publish([text(question(2))]));
  expect(result).toMatchObject({ status: "stored", seq: 2 });
  expect(worker.take(WORKER.name).map(({ seq }) => seq)).toEqual([1, 2]);
  broker.close();
  testBroker({ path }).broker.close();
});
