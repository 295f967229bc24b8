import { expect, test } from "bun:test";
import { CuriosityInvestigate, createRoot } from "@kloros/signal-schema";
import { TestClient, checkJournal, testBroker } from "./testing.ts";

const WORKER = {
  name: "investigation-consumer",
  signals: ["Q_CURIOSITY_INVESTIGATE"],
  start: { from: "now" },
} as const;

test("removeConsumer drops what is open, counts it, and lets a new consumer of that name start afresh", async () => {
  const { broker } = testBroker();
  const router = new TestClient(broker, "intent-router");
  const worker = new TestClient(broker, "investigation-consumer");
  await worker.attach(WORKER);
  const facts = CuriosityInvestigate.examples[0] as never;
  const question = createRoot(CuriosityInvestigate, facts, { source: "intent-router", nowMs: 1 });
  await router.now(router.session.publish([JSON.stringify(question)]));
  const refused = broker.admin("removeConsumer", { name: WORKER.name }).catch(String);
  expect(await worker.now(refused)).toContain("held by a live");
  await worker.now(worker.session.close({ clean: true }));
  expect(await worker.now(broker.admin("removeConsumer", { name: WORKER.name }))).toEqual({ dropped: 1 });
  const next = new TestClient(broker, "investigation-consumer");
  await next.attach({ ...WORKER, start: { from: "earliest" } });
  expect(next.take(WORKER.name)).toMatchObject([{ seq: 1, attempt: 1 }]);
  expect(checkJournal(broker)).toEqual([]);
  broker.close();
});
