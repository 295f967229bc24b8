import { describe, expect, test } from "bun:test";
import { CuriosityInvestigate } from "@kloros/signal-schema";
import { DeniedError, LeaseLostError } from "../errors.ts";
import type { Delivery } from "../types.ts";
import type { ContractContext } from "./describe_bus.ts";
import { Inbox } from "./inbox.ts";
import { question } from "./samples.ts";
import { until } from "./until.ts";

const QUESTIONS = {
  name: "investigation-consumer",
  signals: [CuriosityInvestigate.name],
  start: { from: "earliest" },
} as const;

/** Works until it is told to stop. */
const untilAborted = ({ abort }: Delivery): Promise<undefined> =>
  new Promise((resolve) => {
    abort.addEventListener("abort", () => {
      resolve(undefined);
    });
  });

export function holdContract({ connect, features }: ContractContext): void {
  describe("a delivery in work", () => {
    test("keeps its lease for as long as its handler runs", async () => {
      const inbox = new Inbox();
      const bus = connect("investigation-consumer");
      await bus.consume(
        { ...QUESTIONS, leaseMs: 2000, onSettled: inbox.onSettled },
        inbox.handler(async () => {
          await new Promise((resolve) => setTimeout(resolve, 4000));
          return undefined;
        }),
      );
      await connect("curiosity-core").publish([question("a")]);
      await inbox.settles(1, 20_000);
      expect(inbox.outcomes).toEqual(["done"]);
      expect(inbox.deliveries).toHaveLength(1);
    });

    test("sees after a retry the plan that it stored before", async () => {
      const inbox = new Inbox();
      await connect("investigation-consumer").consume(
        { ...QUESTIONS, backoffMs: 5, onSettled: inbox.onSettled },
        inbox.handler(async (delivery) => {
          if (delivery.attempt > 1) return undefined;
          await delivery.savePlan({ target: "a file", before: "00", line: "one\ntwo" });
          throw new Error("after the effect, before the commit");
        }),
      );
      await connect("curiosity-core").publish([question("a")]);
      await inbox.settles(2);
      const plans = inbox.deliveries.map((delivery) => delivery.plan);
      expect(plans).toEqual([null, { target: "a file", before: "00", line: "one\ntwo" }]);
    });

    test("goes back when its consumer drains, and no attempt is counted", async () => {
      const first = connect("investigation-consumer");
      const inbox = new Inbox();
      const consumption = await first.consume(
        { ...QUESTIONS, prefetch: 2, onSettled: inbox.onSettled },
        inbox.handler(untilAborted),
      );
      await connect("curiosity-core").publish([question("a"), question("b"), question("c")]);
      await inbox.receives(1);
      await consumption.drain(20);
      await consumption.ended;
      expect(new Set(inbox.outcomes)).toEqual(new Set(["release"]));
      await first.close();
      const later = new Inbox();
      await connect("investigation-consumer").consume(QUESTIONS, later.handler());
      await later.receives(3);
      expect(later.keys.toSorted()).toEqual(["a", "b", "c"]);
      expect(later.deliveries.map((delivery) => delivery.attempt)).toEqual([1, 1, 1]);
    });

    test("is not made for a consumer that has drained, however long its connection stays", async () => {
      const bus = connect("investigation-consumer");
      const consumption = await bus.consume({ ...QUESTIONS, prefetch: 2 }, new Inbox().handler());
      await consumption.drain(0);
      await connect("curiosity-core").publish([question("a"), question("b")]);
      const [waiting] = await connect("operator").admin("consumers", {});
      expect(waiting).toMatchObject({ open: 2, leased: 0 });
      const later = new Inbox();
      await bus.consume(QUESTIONS, later.handler());
      await later.receives(2);
      expect(later.deliveries.map((delivery) => delivery.attempt)).toEqual([1, 1]);
    });

    test("is finished when its consumer drains with enough grace", async () => {
      const inbox = new Inbox();
      const bus = connect("investigation-consumer");
      const consumption = await bus.consume(
        { ...QUESTIONS, onSettled: inbox.onSettled },
        inbox.handler(async () => {
          await new Promise((resolve) => setTimeout(resolve, 50));
          return undefined;
        }),
      );
      await connect("curiosity-core").publish([question("a"), question("b")]);
      await inbox.receives(1);
      await consumption.drain(5000);
      expect(inbox.outcomes).toEqual(["done"]);
      expect(inbox.deliveries).toHaveLength(1);
    });

    test("is lost when its consumer is removed: the handler is told, its result is dropped", async () => {
      const inbox = new Inbox();
      let plan: unknown;
      const bus = connect("investigation-consumer");
      await bus.consume(
        { ...QUESTIONS, onSettled: inbox.onSettled },
        inbox.handler(async (delivery) => {
          await untilAborted(delivery);
          plan = await delivery.savePlan({ late: true }).catch((error: unknown) => error);
          return undefined;
        }),
      );
      await connect("curiosity-core").publish([question("a")]);
      await inbox.receives(1);
      await connect("operator").admin("removeConsumer", { name: "investigation-consumer", force: true });
      await inbox.settles(1);
      await until("the handler to end", () => plan !== undefined);
      expect(inbox.outcomes).toEqual(["gone"]);
      expect(inbox.deliveries[0]?.abort.aborted).toBe(true);
      expect(plan).toBeInstanceOf(LeaseLostError);
    });
  });

  describe("a consumer", () => {
    test.if(features.exclusiveConsumers)(
      "is refused to a second instance, with the holder's pid",
      async () => {
        await connect("investigation-consumer").consume(QUESTIONS, new Inbox().handler());
        const second = connect("investigation-consumer").consume(QUESTIONS, new Inbox().handler());
        const error = await second.catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(DeniedError);
        expect(error).toMatchObject({ code: "consumer_held", holderPid: process.pid });
      },
    );

    test("is free again when its holder has closed", async () => {
      const first = connect("investigation-consumer");
      await first.consume(QUESTIONS, new Inbox().handler());
      await first.close();
      expect(first.state).toBe("closed");
      await connect("investigation-consumer").consume(QUESTIONS, new Inbox().handler());
    });

    test("of another service's name is refused", async () => {
      const attempt = connect("semantic-dedup").consume(QUESTIONS, new Inbox().handler());
      expect(await attempt.catch((error: unknown) => error)).toMatchObject({ code: "identity" });
    });
  });
}
