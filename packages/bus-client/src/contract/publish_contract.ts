import { describe, expect, test } from "bun:test";
import type { Envelope } from "@kloros/signal-schema";
import type { ContractContext } from "./describe_bus.ts";
import { question } from "./samples.ts";

export function publishContract({ connect, features }: ContractContext): void {
  describe("publish()", () => {
    test("stores signals in their order and says their sequence numbers", async () => {
      const bus = connect("curiosity-core");
      const results = await bus.publish([question("a"), question("b"), question("c")]);
      const seqs = results.map((result) => (result.status === "stored" ? result.seq : -1));
      expect(results.map((result) => result.status)).toEqual(["stored", "stored", "stored"]);
      expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    });

    test("stores a signal once when its id repeats", async () => {
      const bus = connect("curiosity-core");
      const signal = question("a");
      const [first] = await bus.publish([signal]);
      const [second] = await bus.publish([signal]);
      expect(first?.status).toBe("stored");
      expect(second).toEqual({ status: "duplicate", seq: first?.status === "stored" ? first.seq : -1 });
      expect((await bus.read({})).items).toHaveLength(1);
    });

    test("keeps the first of two signals that share an id and says conflict", async () => {
      const bus = connect("curiosity-core");
      const signal = question("a");
      const [, second] = await bus.publish([signal, question("b", { id: signal.id })]);
      expect(second?.status).toBe("conflict");
      expect((await bus.read({})).items[0]?.envelope.facts).toEqual(signal.facts);
    });

    test("refuses what is invalid without failing its neighbours", async () => {
      const bus = connect("curiosity-core");
      const bad: Envelope = { ...question("b"), facts: { question: 1 } };
      const results = await bus.publish([question("a"), bad, question("c")]);
      expect(results.map((result) => result.status)).toEqual(["stored", "invalid", "stored"]);
    });

    test("refuses a signal that nobody has defined", async () => {
      const bus = connect("curiosity-core");
      const [result] = await bus.publish([{ ...question("a"), signal: "Q_NEVER_DEFINED" }]);
      expect(result).toMatchObject({ status: "invalid", code: "unknown_signal" });
    });

    test.if(features.identity)("refuses a signal in the name of another service", async () => {
      const bus = connect("curiosity-core");
      const [result] = await bus.publish([question("a", { source: "intent-router" })]);
      expect(result).toMatchObject({ status: "invalid", code: "identity" });
    });

    test.if(features.identity)("refuses a signal that its service may not emit", async () => {
      const bus = connect("capability-integrator");
      const [result] = await bus.publish([question("a", { source: "capability-integrator" })]);
      expect(result).toMatchObject({ status: "invalid", code: "emitter" });
    });

    test("takes many calls at once and answers each", async () => {
      const bus = connect("curiosity-core");
      const calls = Array.from({ length: 1500 }, (_, index) => bus.publish([question(`q${String(index)}`)]));
      const seqs = (await Promise.all(calls)).map(([result]) =>
        result?.status === "stored" ? result.seq : -1,
      );
      expect(new Set(seqs).size).toBe(1500);
      expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    });

    test("of nothing is answered with nothing", async () => {
      expect(await connect("curiosity-core").publish([])).toEqual([]);
    });

    test("rejects with the abort reason when it is aborted", async () => {
      const bus = connect("curiosity-core");
      const reason = new Error("no longer wanted");
      const promise = bus.publish([question("a")], { abort: AbortSignal.abort(reason) });
      expect(promise).rejects.toBe(reason);
    });
  });
}
