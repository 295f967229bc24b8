import { expect, test } from "bun:test";
import type { Envelope } from "@kloros/signal-schema";
import { ChainMemory } from "./chain_memory.ts";

function signal(id: string, atMs: number, cause?: string, hops = 0): Envelope {
  return {
    signal: "Q_X",
    timestamp: new Date(atMs).toISOString(),
    source: "x",
    facts: {},
    id,
    trace: "trace-of-aaaa",
    hops,
    ...(cause === undefined ? {} : { cause }),
  };
}

test("ChainMemory places an effect below its cause, with the time since it and since the first", () => {
  const memory = new ChainMemory();
  expect(memory.place(signal("1", 1000))).toEqual({
    depth: 0,
    sinceCauseMs: undefined,
    sinceRootMs: undefined,
    mark: "aaaa",
  });
  expect(memory.place(signal("2", 1030, "1"))).toMatchObject({ depth: 1, sinceCauseMs: 30 });
  expect(memory.place(signal("3", 1100, "2"))).toMatchObject({
    depth: 2,
    sinceCauseMs: 70,
    sinceRootMs: 100,
  });
});

test("an effect that begins a chain of its own keeps the mark of its cause", () => {
  const memory = new ChainMemory();
  memory.place(signal("1", 0));
  expect(memory.place({ ...signal("2", 5, "1"), trace: "its-own-bbbb" }).mark).toBe("aaaa");
});

test("an unknown cause leaves the stated depth and no latency; a clock that went back gives none below zero", () => {
  const memory = new ChainMemory();
  expect(memory.place(signal("9", 50, "unseen", 3))).toMatchObject({ depth: 3, sinceCauseMs: undefined });
  expect(memory.place(signal("10", 40, "9")).sinceCauseMs).toBe(0);
});

test("only so many are remembered", () => {
  const memory = new ChainMemory(2);
  for (const id of ["1", "2", "3"]) memory.place(signal(id, 0));
  expect(memory.place(signal("4", 0, "1")).sinceCauseMs).toBeUndefined();
  expect(memory.place(signal("5", 0, "4")).sinceCauseMs).toBe(0);
});
