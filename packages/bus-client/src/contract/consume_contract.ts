import { describe, expect, test } from "bun:test";
import { CuriosityInvestigate, HealthAlert, InvestigationComplete } from "@kloros/signal-schema";
import { DeniedError } from "../errors.ts";
import type { ContractContext } from "./describe_bus.ts";
import { Inbox } from "./inbox.ts";
import { alert, answer, question } from "./samples.ts";
import { until } from "./until.ts";

const QUESTIONS = {
  name: "investigation-consumer",
  signals: [CuriosityInvestigate.name],
  start: { from: "earliest" },
} as const;

export function consumeContract({ connect, features }: ContractContext): void {
  describe("consume()", () => {
    test("delivers every signal once, in order, also those of before", async () => {
      const publisher = connect("curiosity-core");
      await publisher.publish([question("a"), question("b")]);
      const inbox = new Inbox();
      await connect("investigation-consumer").consume(QUESTIONS, inbox.handler());
      await publisher.publish([question("c")]);
      await inbox.receives(3);
      expect(inbox.keys).toEqual(["a", "b", "c"]);
      expect(inbox.deliveries.map((delivery) => delivery.attempt)).toEqual([1, 1, 1]);
    });

    test("starts from now when asked to", async () => {
      const publisher = connect("curiosity-core");
      await publisher.publish([question("before")]);
      const inbox = new Inbox();
      const worker = connect("investigation-consumer");
      await worker.consume({ ...QUESTIONS, start: { from: "now" } }, inbox.handler());
      await publisher.publish([question("after")]);
      await inbox.receives(1);
      expect(inbox.keys).toEqual(["after"]);
    });

    test("delivers to each consumer on its own", async () => {
      const [one, two] = [new Inbox(), new Inbox()];
      await connect("investigation-consumer").consume(QUESTIONS, one.handler());
      await connect("semantic-dedup").consume({ ...QUESTIONS, name: "semantic-dedup" }, two.handler());
      await connect("curiosity-core").publish([question("a")]);
      await Promise.all([one.receives(1), two.receives(1)]);
    });

    test("delivers only the latest of a key that waited", async () => {
      const monitor = connect("orchestrator-monitor");
      await monitor.publish([alert("disk", 1), alert("memory", 1), alert("disk", 2), alert("disk", 3)]);
      const inbox = new Inbox();
      const name = "policy-engine";
      await connect(name).consume(
        { name, signals: [HealthAlert.name], start: { from: "earliest" } },
        inbox.handler(),
      );
      await inbox.receives(2);
      await monitor.publish([alert("disk", 4)]);
      await until("the newest alert", () =>
        inbox.deliveries.some(({ signal }) => signal.facts["metric_value"] === 4),
      );
      expect(inbox.keys).toEqual(["memory", "disk", "disk"]);
      expect(inbox.deliveries.map(({ signal }) => signal.facts["metric_value"])).toEqual([1, 3, 4]);
    });

    test.if(features.atomicCommit)(
      "stores what a handler emits together with its acknowledgement",
      async () => {
        const inbox = new Inbox();
        const worker = connect("investigation-consumer");
        await worker.consume(
          { ...QUESTIONS, onSettled: inbox.onSettled },
          inbox.handler(({ signal }) => ({ emit: [answer(signal)] })),
        );
        const parent = question("a");
        await connect("curiosity-core").publish([parent]);
        await inbox.settles(1);
        expect(inbox.outcomes).toEqual(["done"]);
        expect(inbox.settled[0]?.emitted).toHaveLength(1);
        const { items } = await worker.read({ trace: parent.id });
        expect(items.map((item) => item.envelope.signal)).toEqual([
          CuriosityInvestigate.name,
          InvestigationComplete.name,
        ]);
        expect(items[0]?.deliveries[0]).toMatchObject({ consumer: "investigation-consumer", state: "done" });
      },
    );

    test("keeps a consumer's state, one delivery at a time", async () => {
      const inbox = new Inbox();
      let running = 0;
      let most = 0;
      await connect("investigation-consumer").consume(
        { ...QUESTIONS, stateKey: "", onSettled: inbox.onSettled },
        inbox.handler(async ({ state }) => {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setTimeout(resolve, 1));
          running--;
          const seen = (state as { seen: number } | null)?.seen ?? 0;
          return { state: { seen: seen + 1 } };
        }),
      );
      const publisher = connect("curiosity-core");
      await publisher.publish(
        ["a", "b", "c", "d"].map((key, index) =>
          question(key, { priority: index % 2 === 0 ? "normal" : "critical" }),
        ),
      );
      await inbox.settles(4);
      expect(inbox.deliveries.map((delivery) => delivery.state)).toEqual([
        null,
        { seen: 1 },
        { seen: 2 },
        { seen: 3 },
      ]);
      expect(most).toBe(1);
    });

    test("keeps a state for each value of its key, and removes it when told", async () => {
      const inbox = new Inbox();
      await connect("investigation-consumer").consume(
        { ...QUESTIONS, stateKey: "module_name", onSettled: inbox.onSettled },
        inbox.handler(({ signal, state }) => ({
          state: state === null ? { first: signal.facts["question_id"] } : null,
        })),
      );
      const publisher = connect("curiosity-core");
      const asked = [
        ["a", "audio"],
        ["b", "video"],
        ["c", "audio"],
        ["d", "audio"],
      ] as const;
      await publisher.publish(asked.map(([key, module]) => question(key, { module })));
      await inbox.settles(4);
      expect(inbox.deliveries.map((delivery) => delivery.state)).toEqual([null, null, { first: "a" }, null]);
    });

    test("works on as many at once as it may, and no more", async () => {
      const inbox = new Inbox();
      let running = 0;
      let most = 0;
      const gate = Promise.withResolvers<void>();
      await connect("investigation-consumer").consume(
        { ...QUESTIONS, concurrency: 3, prefetch: 5 },
        inbox.handler(async () => {
          most = Math.max(most, ++running);
          await gate.promise;
          running--;
          return undefined;
        }),
      );
      await connect("curiosity-core").publish(
        Array.from({ length: 20 }, (_, index) => question(`q${String(index)}`)),
      );
      await inbox.receives(3);
      gate.resolve();
      await inbox.receives(20);
      expect(most).toBe(3);
    });

    test.if(features.lanes)("lets urgent ones overtake, in slots of their own", async () => {
      const inbox = new Inbox();
      const gate = Promise.withResolvers<void>();
      await connect("investigation-consumer").consume(
        QUESTIONS,
        inbox.handler(async ({ signal }) => {
          if (signal.facts["priority"] === "normal") await gate.promise;
          return undefined;
        }),
      );
      const publisher = connect("curiosity-core");
      await publisher.publish([question("slow"), question("waits")]);
      await inbox.receives(1);
      await publisher.publish([question("urgent", { priority: "critical" })]);
      await inbox.receives(2);
      expect(inbox.keys).toEqual(["slow", "urgent"]);
      gate.resolve();
      await inbox.receives(3);
    });

    test("refuses signals that nobody has defined, and live ones", async () => {
      const bus = connect("investigation-consumer");
      const unknown = bus.consume({ ...QUESTIONS, signals: ["Q_NEVER_DEFINED"] }, new Inbox().handler());
      expect(await unknown.catch((error: unknown) => error)).toMatchObject({ code: "unknown_signal" });
      const live = bus.consume({ ...QUESTIONS, signals: ["Q_INTENT_READY"] }, new Inbox().handler());
      expect(await live.catch((error: unknown) => error)).toMatchObject({ code: "live_signal" });
    });

    test("refuses state together with more than one at a time", async () => {
      const bus = connect("investigation-consumer");
      const consume = bus.consume({ ...QUESTIONS, stateKey: "", concurrency: 2 }, new Inbox().handler());
      expect(await consume.catch((error: unknown) => error)).toBeInstanceOf(DeniedError);
    });
  });
}
