import { describe, expect, test } from "bun:test";
import type { PublishResult } from "@kloros/journal";
import type { Envelope } from "@kloros/signal-schema";
import { systemAmbient } from "./ambient.ts";
import { question } from "./contract/samples.ts";
import { BusyError } from "./errors.ts";
import type { Link } from "./link.ts";
import { PROTOCOL_LIMITS } from "./protocol.ts";
import { Publisher, PUBLISHER_LIMITS } from "./publisher.ts";

/** A link whose answers the test decides. */
class ScriptedLink {
  readonly batches: string[][] = [];
  readonly #answer: (ids: readonly string[], batch: number) => Promise<readonly PublishResult[]>;

  constructor(answer: (ids: readonly string[], batch: number) => Promise<readonly PublishResult[]>) {
    this.#answer = answer;
  }

  publish(texts: readonly string[]): Promise<readonly PublishResult[]> {
    const ids = texts.map((text) => String((JSON.parse(text) as Envelope).facts["question_id"]));
    this.batches.push(ids);
    return this.#answer(ids, this.batches.length);
  }
}

const stored = (ids: readonly string[]): Promise<PublishResult[]> =>
  Promise.resolve(ids.map(() => ({ status: "stored", seq: 1 })));

function make(
  answer: ConstructorParameters<typeof ScriptedLink>[0],
  limits: Partial<typeof PUBLISHER_LIMITS> = {},
) {
  const link = new ScriptedLink(answer);
  const ambient = {
    ...systemAmbient,
    after: (_ms: number, task: () => void) => systemAmbient.after(0, task),
  };
  const publisher = new Publisher(link as unknown as Link, ambient, { ...PUBLISHER_LIMITS, ...limits });
  return { link, publisher };
}

const questions = (count: number, from = 0): Envelope[] =>
  Array.from({ length: count }, (_, index) => question(`q${String(from + index)}`));

describe("the publisher", () => {
  test("sends the calls of one tick together", async () => {
    const { link, publisher } = make(stored);
    await Promise.all(questions(10).map((one) => publisher.publish([one])));
    expect(link.batches.map((batch) => batch.length)).toEqual([10]);
  });

  test("cuts what is too much for one message", async () => {
    const { link, publisher } = make(stored);
    const results = await publisher.publish(questions(PROTOCOL_LIMITS.batchMax + 8));
    expect(results).toHaveLength(PROTOCOL_LIMITS.batchMax + 8);
    expect(link.batches.map((batch) => batch.length)).toEqual([PROTOCOL_LIMITS.batchMax, 8]);
  });

  test("lets batches grow while its window is full", async () => {
    const gates: (() => void)[] = [];
    const { link, publisher } = make(
      async (ids) => {
        await new Promise<void>((resolve) => gates.push(resolve));
        return stored(ids);
      },
      { windowMax: 1 },
    );
    const calls = [publisher.publish(questions(1))];
    await Promise.resolve();
    for (let index = 1; index < 5; index++) {
      calls.push(publisher.publish(questions(1, index)));
      await Promise.resolve();
    }
    gates.shift()?.();
    await calls[0];
    await Promise.resolve();
    gates.shift()?.();
    await Promise.all(calls);
    expect(link.batches.map((batch) => batch.length)).toEqual([1, 4]);
  });

  test("never sends what is invalid, and answers it in its place", async () => {
    const { link, publisher } = make(stored);
    const bad = { ...question("bad"), facts: {} } as Envelope;
    const results = await publisher.publish([question("a"), bad, question("b")]);
    expect(results.map((result) => result.status)).toEqual(["stored", "invalid", "stored"]);
    expect(link.batches).toEqual([["a", "b"]]);
  });

  test("rejects with Busy beyond its bounds, and takes more when there is room again", async () => {
    const gate = Promise.withResolvers<void>();
    const { publisher } = make(
      async (ids) => {
        await gate.promise;
        return stored(ids);
      },
      { bufferMax: 3 },
    );
    const first = publisher.publish(questions(3));
    const error = await publisher.publish(questions(1)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BusyError);
    expect(String(error)).toContain("3 of 3 signals");
    gate.resolve();
    await first;
    expect(await publisher.publish(questions(1))).toHaveLength(1);
    expect(publisher.buffered).toBe(0);
  });

  test("tries busy ones again before later ones, in their order", async () => {
    const { link, publisher } = make((ids, batch) =>
      batch === 1
        ? Promise.resolve(
            ids.map((id): PublishResult =>
              id === "q1" || id === "q3" ? { status: "busy", text: "full" } : { status: "stored", seq: 1 },
            ),
          )
        : stored(ids),
    );
    const first = publisher.publish(questions(5));
    await Promise.resolve();
    await Promise.resolve();
    const second = publisher.publish(questions(1, 5));
    expect((await first).map((result) => result.status)).toEqual(Array.from({ length: 5 }, () => "stored"));
    await second;
    expect(link.batches.flat().indexOf("q1", 5)).toBeLessThan(link.batches.flat().indexOf("q3", 5));
    expect(link.batches[0]).toEqual(["q0", "q1", "q2", "q3", "q4"]);
  });

  test("sends what the bus was too busy for before what was published meanwhile", async () => {
    const { link, publisher } = make((ids, batch) =>
      batch === 1 ? Promise.resolve(ids.map(() => ({ status: "busy", text: "full" }))) : stored(ids),
    );
    const first = publisher.publish([question("a"), question("b")]);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    const second = publisher.publish([question("c")]);
    await Promise.all([first, second]);
    expect(link.batches).toEqual([
      ["a", "b"],
      ["a", "b", "c"],
    ]);
  });

  test("gives up what was not yet sent when a call is aborted, and frees its room", async () => {
    const gate = Promise.withResolvers<void>();
    const { link, publisher } = make(
      async (ids) => {
        await gate.promise;
        return stored(ids);
      },
      { windowMax: 1 },
    );
    const first = publisher.publish([question("a")]);
    await Promise.resolve();
    const abort = new AbortController();
    const second = publisher.publish([question("b")], abort.signal);
    const reason = new Error("changed my mind");
    abort.abort(reason);
    expect(await second.catch((error: unknown) => error)).toBe(reason);
    gate.resolve();
    await first;
    expect(link.batches).toEqual([["a"]]);
    expect(publisher.buffered).toBe(0);
  });

  test("rejects what waits when it is closed", async () => {
    const { publisher } = make(() => Promise.reject(new Error("no link")), { windowMax: 0 });
    const waiting = publisher.publish(questions(1));
    const why = new Error("closed");
    publisher.close(why);
    expect(await waiting.catch((error: unknown) => error)).toBe(why);
    expect(await publisher.publish(questions(1)).catch((error: unknown) => error)).toBe(why);
    expect(publisher.buffered).toBe(0);
  });
});
