import { expect, test } from "bun:test";
import { createRoot, deriveRootId, HealthAlert } from "@kloros/signal-schema";
import type { Broker } from "./broker.ts";
import { MortalJournal, type TransactionHooks } from "./mortal_journal.ts";
import { TestClient, testClock } from "./testing.ts";

const SOURCE = "orchestrator-monitor";
const facts = {
  alert_type: "memory_high",
  severity: "warning" as const,
  metric_value: 1,
  threshold: 1,
  recommended_action: "look",
};
const alert = (n: number): string =>
  JSON.stringify(
    createRoot(HealthAlert, facts, { source: SOURCE, nowMs: 1, id: deriveRootId(1, String(n)) }),
  );

function setUp(hooks: Partial<TransactionHooks> = {}) {
  const nothing = (): void => undefined;
  const journal = new MortalJournal({
    beforeCommit: nothing,
    afterCommit: nothing,
    afterRollback: nothing,
    ...hooks,
  });
  const open = (): Broker => journal.openBroker({ clock: testClock(), random: () => 0.5, autoFlush: false });
  const stored = (): number =>
    journal.handle.query<{ n: number }, []>("SELECT count(*) AS n FROM signal").get()?.n ?? 0;
  return { journal, open, stored };
}

test("the next broker finds what was committed", async () => {
  const { journal, open, stored } = setUp();
  const client = new TestClient(open(), SOURCE);
  await client.now(client.session.publish([alert(1)]));
  void client.session.publish([alert(2)]);
  journal.kill();
  expect(open().lastSeq).toBe(1);
  expect(stored()).toBe(1);
  journal.close();
});

test.each([
  ["before its commit", "beforeCommit", 0],
  ["behind its commit", "afterCommit", 1],
] as const)("who dies %s leaves that much, and can do nothing any more", async (_where, hook, left) => {
  let dies = false;
  const { journal, open, stored } = setUp({
    [hook]: () => {
      if (dies) journal.kill();
    },
  });
  const broker = open();
  const client = new TestClient(broker, SOURCE);
  dies = true;
  const answers = [client.session.publish([alert(1)]), client.session.publish([alert(2)])];
  broker.flush();
  const refused = await Promise.allSettled(answers);
  expect(refused.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  dies = false;
  broker.flush();
  expect(stored()).toBe(left * 2);
  expect(open().lastSeq).toBe(left * 2);
  journal.close();
});

test("a journal has one broker at a time", () => {
  const { journal, open } = setUp();
  open().close();
  open();
  expect(open).toThrow("another broker lives on this journal");
  journal.close();
});
