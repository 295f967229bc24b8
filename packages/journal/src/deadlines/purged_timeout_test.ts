import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditNow } from "../audit/audit.ts";
import { repairJournal } from "../repair/repair.ts";
import { House, LIMIT_MS, answerTo } from "./deadline_house.ts";
import { WORKER, question } from "../fixtures.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kloros-purged-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("a timeout and a late answer that retention took before their request are not missed", async () => {
  const house = new House(join(dir, "journal.db"));
  await house.open();
  const asked = question(1);
  await house.ask(asked, question(2));
  house.worker.take(WORKER.name);
  house.run(LIMIT_MS + 10_000);
  expect(house.listen()).toHaveLength(2);
  await house.answer(answerTo(asked));
  expect(house.listen()).toHaveLength(1);
  house.run(1000);
  // Until then a timeout is kept, as a reported error; the newest letter always is.
  void house.broker.admin("purgeDeadLetters", { before: house.clock.wallMs() + 1 });
  const limits = { ageMs: 0, bytesMax: 1e12, rememberMs: 86_400_000, after: 0 };
  const pruned = house.broker.admin("pruneJournal", limits);
  house.broker.flush();
  expect(await pruned).toMatchObject({ purged: 2 });
  expect(auditNow(house.broker.db.handle)).toMatchObject({ ok: true, differences: [] });
  await house.reopen();
  house.close();
});

test.each(["set aside by the start", "lost, and named by a repair"])(
  "a timeout that damage took is %s, and not missed after that",
  async (how) => {
    const path = join(dir, "journal.db");
    const house = new House(path);
    await house.open();
    await house.ask(question(1));
    house.worker.take(WORKER.name);
    house.run(LIMIT_MS + 10_000);
    expect(house.listen()).toHaveLength(1);
    house.close();
    const bytes = readFileSync(path);
    for (let at = 0; (at = bytes.indexOf('"cause"', at)) >= 0;) bytes.write('"Cause"', at);
    writeFileSync(path, bytes);
    if (how.startsWith("lost"))
      expect(repairJournal(path, { nowMs: 1_763_856_100_000 }).signals).toMatchObject([{ seq: 2 }]);
    await house.open();
    const audit = auditNow(house.broker.db.handle);
    expect(audit).toMatchObject({ ok: true, differences: [] });
    expect(audit.setAside[0]).toMatchObject({ seq: 2, cid: 0 });
    house.broker.close();
  },
);
