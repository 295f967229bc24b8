import { describe, expect, test } from "bun:test";
import { BusyError, TerminalError, type Bus } from "@kloros/bus-client";
import { createRoot, CuriosityInvestigate, type Envelope } from "@kloros/signal-schema";
import { rejection } from "../testing/rejection.ts";
import { publishWaiting } from "./publish_waiting.ts";

type Result = Awaited<ReturnType<Bus["publish"]>>[number];

function signals(count: number): readonly Envelope[] {
  const [facts] = CuriosityInvestigate.examples;
  if (facts === undefined) throw new Error("no example");
  return Array.from({ length: count }, () =>
    createRoot(CuriosityInvestigate, facts, { source: "curiosity-core", nowMs: 0 }),
  );
}

/** A bus whose answers are given in advance, one function a call; the last one repeats. */
function scripted(...answers: ((batch: readonly Envelope[]) => readonly Result[])[]) {
  const calls: (readonly Envelope[])[] = [];
  const publish: Bus["publish"] = async (batch) => {
    calls.push(batch);
    const answer = answers[Math.min(calls.length, answers.length) - 1];
    return Promise.resolve(answer?.(batch) ?? []);
  };
  return { bus: { publish }, calls };
}

function watching(abort: AbortSignal = new AbortController().signal) {
  const stored: string[] = [];
  const waits: string[] = [];
  const conflicts: string[] = [];
  const options = {
    random: () => 0,
    abort,
    onStored: (signal: Envelope) => stored.push(signal.id),
    onConflict: (signal: Envelope) => conflicts.push(signal.id),
    onWait: (why: string) => waits.push(why),
  };
  return { options, stored, waits, conflicts };
}

const stored: Result = { status: "stored", seq: 1 };
const busy: Result = { status: "busy", text: "the disk is full" };

describe("publishWaiting()", () => {
  test("tries again what was busy, and only that", async () => {
    const { bus, calls } = scripted(
      (batch) => batch.map((_, index) => (index === 1 ? busy : stored)),
      (batch) => batch.map(() => stored),
    );
    const watch = watching();
    const three = signals(3);
    await publishWaiting(bus, three, watch.options);
    expect(calls[1]).toEqual([three[1] as Envelope]);
    expect(watch.stored).toHaveLength(3);
    expect(watch.waits).toEqual(["the disk is full"]);
  });

  test("waits when the buffer is full or the bus is away", async () => {
    const { bus } = scripted(
      () => {
        throw new BusyError("the buffer is full");
      },
      () => {
        throw new Error("gone");
      },
      (batch) => batch.map(() => stored),
    );
    const watch = watching();
    await publishWaiting(bus, signals(1), watch.options);
    expect(watch.waits).toEqual(["the buffer is full", "the bus is away: Error: gone"]);
  });

  test("an invalid signal is reported after its neighbours are on disk; a conflict is told, not thrown", async () => {
    const { bus } = scripted((batch) =>
      batch.map((_, index): Result => {
        if (index === 0) return { status: "invalid", code: "facts", text: "no question" };
        return index === 1 ? { status: "conflict", seq: 3, text: "other body" } : stored;
      }),
    );
    const watch = watching();
    const error = await publishWaiting(bus, signals(3), watch.options).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TerminalError);
    expect(String(error)).toContain("no question");
    expect(watch.stored).toHaveLength(1);
    expect(watch.conflicts).toHaveLength(1);
  });

  test("sends at most 512 in one call", async () => {
    const { bus, calls } = scripted((batch) => batch.map(() => stored));
    await publishWaiting(bus, signals(1025), watching().options);
    expect(calls.map((batch) => batch.length)).toEqual([512, 512, 1]);
  });

  test("the wait ends when it is told to", async () => {
    const { bus } = scripted((batch) => batch.map(() => busy));
    const stop = new AbortController();
    const publishing = publishWaiting(bus, signals(1), watching(stop.signal).options);
    stop.abort(new Error("stop it"));
    expect(String(await rejection(publishing))).toContain("stop it");
  });
});
