import { describe, expect, test } from "bun:test";
import {
  createRoot,
  CuriosityInvestigate,
  type Envelope,
  HealthAlert,
  IntentReady,
} from "@kloros/signal-schema";
import type { ContractContext } from "./describe_bus.ts";
import { alert, question } from "./samples.ts";
import { until } from "./until.ts";

export function lookContract({ connect, features }: ContractContext): void {
  describe("read()", () => {
    test("gives history a page at a time, both ways", async () => {
      const bus = connect("curiosity-core");
      await bus.publish(["a", "b", "c", "d", "e"].map((key) => question(key)));
      const first = await bus.read({ limit: 2 });
      const second = await bus.read({ limit: 2, afterSeq: first.next ?? -1 });
      const third = await bus.read({ limit: 2, afterSeq: second.next ?? -1 });
      const pages = [first, second, third].map((page) =>
        page.items.map((item) => item.envelope.facts["question_id"]),
      );
      expect(pages).toEqual([["a", "b"], ["c", "d"], ["e"]]);
      expect(third.next).toBeNull();
      const newest = await bus.read({ limit: 2, order: "newest" });
      expect(newest.items.map((item) => item.envelope.facts["question_id"])).toEqual(["e", "d"]);
    });

    test("finds by signal and by id", async () => {
      await connect("orchestrator-monitor").publish([alert("disk", 1)]);
      const bus = connect("curiosity-core");
      const wanted = question("b");
      await bus.publish([question("a"), wanted]);
      expect((await bus.read({ signals: [HealthAlert.name] })).items).toHaveLength(1);
      expect((await bus.read({ id: wanted.id })).items.map((item) => item.envelope)).toEqual([wanted]);
    });
  });

  describe.if(features.taps)("tap()", () => {
    test("shows what is stored and what is only announced, by exact name", async () => {
      const bus = connect("intent-router");
      const seen: Envelope[] = [];
      const tap = await bus.tap({ signals: [IntentReady.name] }, (signal) => {
        seen.push(signal);
      });
      const all: Envelope[] = [];
      await bus.tap({}, (signal) => {
        all.push(signal);
      });
      const facts = IntentReady.examples[0];
      if (facts === undefined) throw new Error("an example is missing");
      // Joining takes a moment on some transports, and nothing is kept for those who were not there.
      await until("the first live signal", async () => {
        const ready = createRoot(IntentReady, facts, { source: "intent-router", nowMs: Date.now() });
        expect(await bus.publish([ready])).toEqual([{ status: "announced" }]);
        return seen.length > 0 && all.length > 0;
      });
      await bus.publish([question("a", { source: "intent-router" })]);
      await until("the stored one", () => all.some((signal) => signal.signal === CuriosityInvestigate.name));
      expect(new Set(seen.map((signal) => signal.signal))).toEqual(new Set([IntentReady.name]));
      expect((await bus.read({})).items).toHaveLength(1);
      await tap.close();
    });
  });

  describe("admin()", () => {
    test("tells of the bus, its consumers and what nobody consumes", async () => {
      const bus = connect("curiosity-core");
      await bus.publish([question("a")]);
      const status = await bus.admin("status", {});
      expect(status).toMatchObject({
        signals: 1,
        unconsumed: [{ signal: CuriosityInvestigate.name, count: 1 }],
      });
      const own = status.sessions.find(({ service }) => service === "curiosity-core");
      expect(own?.pid).toBe(process.pid);
      expect(await bus.admin("consumers", {})).toEqual([]);
    });

    test("keeps content that could not become a signal, once", async () => {
      const bus = connect("intent-router");
      const rejected = { id: "intent-1", error: "not JSON", content: "{", fields: { intent_file: "a.json" } };
      expect(await bus.admin("rejectContent", rejected)).toEqual({ stored: true });
      expect(await bus.admin("rejectContent", rejected)).toEqual({ stored: false });
      expect((await bus.admin("deadLetters", {}))[0]).toMatchObject({
        signal: "{",
        fields: { intent_file: "a.json" },
      });
    });

    test("says what it does not know", async () => {
      const unknown = connect("operator").admin("no_such" as "status", {});
      expect(String(await unknown.catch((error: unknown) => error))).toContain("no_such");
    });
  });

  describe("ping()", () => {
    test("answers with the round trip in ms", async () => {
      expect(await connect("curiosity-core").ping()).toBeLessThan(5000);
    });
  });
}
