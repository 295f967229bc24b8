import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditNow } from "../audit/audit.ts";
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
