import { describe, expect, test } from "bun:test";
import { CuriosityInvestigate } from "@kloros/signal-schema";
import { RetryableError, TerminalError } from "../errors.ts";
import type { Bus } from "../types.ts";
import type { ContractContext } from "./describe_bus.ts";
import { Inbox } from "./inbox.ts";
import { answer, question } from "./samples.ts";

const IMPATIENT = {
  name: "investigation-consumer",
  signals: [CuriosityInvestigate.name],
  start: { from: "earliest" },
  backoffMs: 5,
  backoffMsMax: 20,
} as const;

const deadLetters = (bus: Bus) => bus.admin("deadLetters", {});

export function failureContract({ connect, features }: ContractContext): void {
  describe("failure", () => {
    test("of any other kind is tried again, and does not hold up what is behind it", async () => {
      const inbox = new Inbox();
      await connect("investigation-consumer").consume(
        // What is behind it comes first, also after a slow commit.
        { ...IMPATIENT, backoffMs: 600, backoffMsMax: 600, onSettled: inbox.onSettled },
        inbox.handler(({ signal, attempt }) => {
          if (signal.facts["question_id"] === "bad" && attempt === 1) throw new Error("not today");
          return undefined;
        }),
      );
      await connect("curiosity-core").publish([question("bad"), question("good")]);
      await inbox.settles(3);
      expect(inbox.keys).toEqual(["bad", "good", "bad"]);
      expect(inbox.deliveries[2]?.attempt).toBe(2);
      expect(inbox.outcomes).toEqual(["retry", "done", "done"]);
    });

    test("that goes on becomes a dead letter after the last attempt", async () => {
      const inbox = new Inbox();
      const worker = connect("investigation-consumer");
      await worker.consume(
        { ...IMPATIENT, attemptsMax: 3, onSettled: inbox.onSettled },
        inbox.handler(() => {
          throw new RetryableError("away", "the disk is away");
        }),
      );
      await connect("curiosity-core").publish([question("a")]);
      await inbox.settles(3);
      const [letter, ...others] = await deadLetters(worker);
      expect(others).toEqual([]);
      expect(letter).toMatchObject({ reason: "attempts", attempts: 3, consumer: "investigation-consumer" });
      expect(letter?.error).toContain("the disk is away");
    });

    test("that is terminal becomes a dead letter at once, with its reason", async () => {
      const inbox = new Inbox();
      const worker = connect("investigation-consumer");
      await worker.consume(
        { ...IMPATIENT, onSettled: inbox.onSettled },
        inbox.handler(() => {
          throw new TerminalError("no_module", "there is no such module", { cause: new Error("ENOENT") });
        }),
      );
      const signal = question("a");
      await connect("curiosity-core").publish([signal]);
      await inbox.settles(1);
      const [letter] = await deadLetters(worker);
      expect(letter).toMatchObject({ reason: "terminal", attempts: 1, state: "dead" });
      expect(letter?.error).toBe("no_module: there is no such module ← ENOENT");
      expect(letter?.signal).toMatchObject({ id: signal.id });
    });

    test("waits as long as its error says", async () => {
      const inbox = new Inbox();
      const at: number[] = [];
      await connect("investigation-consumer").consume(
        { ...IMPATIENT, onSettled: inbox.onSettled },
        inbox.handler(({ attempt }) => {
          at.push(performance.now());
          if (attempt === 1) throw new RetryableError("later", "not yet", { delayMs: 150 });
          return undefined;
        }),
      );
      await connect("curiosity-core").publish([question("a")]);
      await inbox.settles(2);
      expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(140);
    });

    test("to emit a valid signal is a dead letter, and nothing of it is stored", async () => {
      const inbox = new Inbox();
      const worker = connect("investigation-consumer");
      await worker.consume(
        { ...IMPATIENT, onSettled: inbox.onSettled },
        inbox.handler(({ signal }) => ({
          emit: [answer(signal), { ...answer(signal), facts: { nonsense: true } }],
          state: { never: true },
        })),
      );
      await connect("curiosity-core").publish([question("a")]);
      await inbox.settles(1);
      expect(inbox.outcomes).toEqual(["dead"]);
      expect((await deadLetters(worker))[0]).toMatchObject({ reason: "invalid" });
      expect((await worker.read({})).items).toHaveLength(1);
    });

    test.if(features.identity)(
      "to emit in one's own name is refused by the bus, and a dead letter",
      async () => {
        const inbox = new Inbox();
        const worker = connect("investigation-consumer");
        await worker.consume(
          { ...IMPATIENT, onSettled: inbox.onSettled },
          inbox.handler(() => ({ emit: [question("child", { source: "curiosity-core" })] })),
        );
        await connect("curiosity-core").publish([question("a")]);
        await inbox.settles(1);
        expect(inbox.outcomes).toEqual(["dead"]);
        expect((await deadLetters(worker))[0]?.error).toContain("refused");
        expect((await worker.read({})).items).toHaveLength(1);
      },
    );

    test("to come back in time aborts the handler, and its delivery is tried again", async () => {
      const inbox = new Inbox();
      await connect("investigation-consumer").consume(
        { ...IMPATIENT, handlerTimeoutMs: 40, onSettled: inbox.onSettled },
        inbox.handler(async ({ attempt, abort }) => {
          if (attempt > 1) return undefined;
          await new Promise((_resolve, reject) => {
            abort.addEventListener("abort", () => {
              reject(abort.reason as Error);
            });
          });
          return undefined;
        }),
      );
      await connect("curiosity-core").publish([question("a")]);
      await inbox.settles(2);
      expect(inbox.outcomes).toEqual(["retry", "done"]);
      expect(String(inbox.settled[0]?.error)).toContain("longer than 40 ms");
    });

    test("that was mended is worked on after the operator's retry, once", async () => {
      const inbox = new Inbox();
      let broken = true;
      const worker = connect("investigation-consumer");
      await worker.consume(
        { ...IMPATIENT, onSettled: inbox.onSettled },
        inbox.handler(() => {
          if (broken) throw new TerminalError("broken", "not yet mended");
          return undefined;
        }),
      );
      await connect("curiosity-core").publish([question("a")]);
      await inbox.settles(1);
      const operator = connect("operator");
      const [letter] = await deadLetters(operator);
      broken = false;
      const n = letter?.n ?? -1;
      expect(await operator.admin("retryDeadLetter", { n })).toMatchObject({ retried: true });
      expect(await operator.admin("retryDeadLetter", { n })).toMatchObject({ retried: false });
      await inbox.settles(2);
      expect(inbox.outcomes).toEqual(["dead", "done"]);
      expect(await deadLetters(operator)).toEqual([]);
    });
  });
}
