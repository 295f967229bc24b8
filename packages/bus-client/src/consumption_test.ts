/** The consumption runner against a link whose words the test chooses: what a journal seldom says. */
import { describe, expect, test } from "bun:test";
import type { AttachResult, GrantedDelivery, SettleItem, SettleResult } from "@kloros/journal";
import { systemAmbient } from "./ambient.ts";
import { ConsumptionRunner } from "./consumption.ts";
import { Inbox } from "./contract/inbox.ts";
import { question } from "./contract/samples.ts";
import { until } from "./contract/until.ts";
import { LeaseLostError } from "./errors.ts";
import type { LaneTotals, Link } from "./link.ts";
import type { ConsumeOptions, Handler } from "./types.ts";

class ScriptedLink {
  readonly settled: SettleItem[] = [];
  readonly credits: LaneTotals[] = [];
  answers: ((item: SettleItem) => SettleResult)[] = [];

  attach(): Promise<AttachResult> {
    return Promise.resolve({ ok: true, adopted: [], gone: [] });
  }
  forget(): void {
    // Nothing to remember.
  }
  /** The lease is gone by then. */
  plan(): Promise<SettleResult> {
    return Promise.resolve({ status: "gone" });
  }
  extend(): void {
    // Leases do not matter here.
  }
  credit(_consumer: string, totals: LaneTotals): void {
    this.credits.push(totals);
  }
  settle(_consumer: string, items: readonly SettleItem[]): Promise<SettleResult[]> {
    this.settled.push(...items);
    return Promise.resolve(items.map((item) => this.answers.shift()?.(item) ?? { status: "ok" }));
  }
}

function grant(seq: number, changes: Partial<GrantedDelivery> = {}): GrantedDelivery {
  return {
    consumer: "c",
    lane: "normal",
    seq,
    token: `t${String(seq)}`,
    attempt: 1,
    leaseMs: 30_000,
    body: JSON.stringify(question(`q${String(seq)}`)),
    plan: null,
    state: null,
    late: false,
    ...changes,
  };
}

async function consume(handler: Handler, options: Partial<ConsumeOptions> = {}) {
  const link = new ScriptedLink();
  const ambient = {
    ...systemAmbient,
    after: (ms: number, task: () => void) => systemAmbient.after(Math.min(ms, 20), task),
  };
  const runner = new ConsumptionRunner(
    { name: "c", signals: [], start: { from: "now" }, ...options },
    handler,
    link as unknown as Link,
    ambient,
  );
  await runner.attach();
  return { link, runner };
}

const kinds = (link: ScriptedLink): string[] => link.settled.map((item) => item.outcome.kind);

describe("the consumption runner", () => {
  test("makes a dead letter of a body that is no valid signal, without calling the handler", async () => {
    const inbox = new Inbox();
    const { link, runner } = await consume(inbox.handler(), { onSettled: inbox.onSettled });
    runner.deliver([grant(1, { body: "{" }), grant(2)]);
    await inbox.settles(2);
    expect(kinds(link).toSorted()).toEqual(["dead", "done"]);
    expect(inbox.keys).toEqual(["q2"]);
  });

  test("settles what finished in one tick together", async () => {
    const inbox = new Inbox();
    const { link, runner } = await consume(inbox.handler(), { concurrency: 50, onSettled: inbox.onSettled });
    let calls = 0;
    const settle = link.settle.bind(link);
    link.settle = (consumer, items) => {
      calls++;
      return settle(consumer, items);
    };
    runner.deliver(Array.from({ length: 50 }, (_, index) => grant(index)));
    await inbox.settles(50);
    expect(calls).toBe(1);
  });

  test("asks for as many as it can take from the start, and for one more with each that ends", async () => {
    const inbox = new Inbox();
    const { link, runner } = await consume(inbox.handler(), {
      concurrency: 2,
      prefetch: 1,
      onSettled: inbox.onSettled,
    });
    expect(link.credits).toEqual([{ normal: 3, urgent: 2 }]);
    runner.deliver([grant(1), grant(2)]);
    await inbox.settles(2);
    await until("credit", () => link.credits.at(-1)?.normal === 5);
  });

  test("does not take the result of a handler that was over its limit", async () => {
    const inbox = new Inbox();
    const handler: Handler = async ({ abort }) => {
      await until("the abort signal", () => abort.aborted);
      return { emit: [question("late")] };
    };
    const { link, runner } = await consume(handler, { handlerTimeoutMs: 10, onSettled: inbox.onSettled });
    runner.deliver([grant(1)]);
    await inbox.settles(1);
    expect(kinds(link)).toEqual(["retry"]);
  });

  test("lets no effect begin whose plan came too late", async () => {
    const inbox = new Inbox();
    let thrown: unknown = "nothing";
    const handler: Handler = async (delivery) => {
      await delivery.savePlan({ step: 1 }).catch((error: unknown) => {
        thrown = error;
        throw error;
      });
    };
    const { link, runner } = await consume(handler, { onSettled: inbox.onSettled });
    runner.deliver([grant(1)]);
    await until("the refusal", () => thrown !== "nothing");
    expect(thrown).toBeInstanceOf(LeaseLostError);
    expect(link.settled).toEqual([]);
  });

  test("makes a dead letter of what the bus refused, with the bus's reason", async () => {
    const inbox = new Inbox();
    const { link, runner } = await consume(inbox.handler(), { onSettled: inbox.onSettled });
    link.answers = [() => ({ status: "refused", code: "emitter", text: "may not" })];
    runner.deliver([grant(1)]);
    await inbox.settles(1);
    expect(kinds(link)).toEqual(["done", "dead"]);
    expect(inbox.outcomes).toEqual(["dead"]);
  });

  test("says it again while the bus is busy", async () => {
    const inbox = new Inbox();
    const { link, runner } = await consume(inbox.handler(), { onSettled: inbox.onSettled });
    const busy = (): SettleResult => ({ status: "busy", text: "the disk is full" });
    link.answers = [busy, busy];
    runner.deliver([grant(1)]);
    await inbox.settles(1);
    expect(kinds(link)).toEqual(["done", "done", "done"]);
    expect(inbox.outcomes).toEqual(["done"]);
  });

  test("drops the result of a lease that is gone, and tells the handler", async () => {
    const inbox = new Inbox();
    const gate = Promise.withResolvers<void>();
    const { link, runner } = await consume(
      inbox.handler(async () => {
        await gate.promise;
        return undefined;
      }),
      { onSettled: inbox.onSettled },
    );
    runner.deliver([grant(1)]);
    runner.gone([1]);
    expect(inbox.deliveries[0]?.abort.aborted).toBe(true);
    gate.resolve();
    await until("the slot to be free", () => runner.active === 0);
    expect(inbox.outcomes).toEqual(["gone"]);
    expect(link.settled).toEqual([]);
  });

  test("lets a newer grant stand when the news of the older one's end comes late", async () => {
    const inbox = new Inbox();
    const gate = Promise.withResolvers<void>();
    const { link, runner } = await consume(
      inbox.handler(async ({ attempt }) => {
        if (attempt === 1) await gate.promise;
        return undefined;
      }),
      { concurrency: 2, onSettled: inbox.onSettled },
    );
    runner.deliver([grant(1)]);
    runner.deliver([grant(1, { token: "newer", attempt: 2 })]);
    runner.gone([1]);
    expect(inbox.deliveries).toHaveLength(1);
    gate.resolve();
    await inbox.settles(2);
    expect(inbox.outcomes).toEqual(["gone", "done"]);
    expect(link.settled.map((item) => item.token)).toEqual(["newer"]);
  });

  test("counts credit from zero again in a new session, less what it still holds", async () => {
    const inbox = new Inbox();
    const gate = Promise.withResolvers<void>();
    const { link, runner } = await consume(
      inbox.handler(async () => {
        await gate.promise;
        return undefined;
      }),
      { concurrency: 3, onSettled: inbox.onSettled },
    );
    runner.deliver([grant(1), grant(2)]);
    expect(runner.held().map((lease) => lease.seq)).toEqual([1, 2]);
    runner.reattached({ ok: true, adopted: [1], gone: [2] });
    // Slot of 2 stays taken until its handler ends.
    expect(link.credits.at(-1)).toEqual({ normal: 1, urgent: 1 });
    gate.resolve();
    await inbox.settles(2);
    expect(inbox.outcomes.toSorted()).toEqual(["done", "gone"]);
    await until("credit for three", () => link.credits.at(-1)?.normal === 3);
  });

  test("ends with the refusal when it may not attach again", async () => {
    const inbox = new Inbox();
    const { runner } = await consume(
      inbox.handler(() => new Promise(() => undefined)),
      { onSettled: inbox.onSettled },
    );
    runner.deliver([grant(1)]);
    runner.reattached({ ok: false, code: "consumer_held", text: "held by another", holderPid: 7 });
    expect(await runner.ended.catch((error: unknown) => error)).toMatchObject({ holderPid: 7 });
    expect(inbox.outcomes).toEqual(["gone"]);
  });

  test("gives up a handler that does not react to its abort signal", async () => {
    const inbox = new Inbox();
    const { link, runner } = await consume(
      inbox.handler(() => new Promise(() => undefined)),
      {
        handlerTimeoutMs: 10,
        onSettled: inbox.onSettled,
      },
    );
    runner.deliver([grant(1)]);
    runner.gone([1]);
    await until("its slot to be free", () => runner.active === 0);
    expect(link.settled).toEqual([]);
  });
});
