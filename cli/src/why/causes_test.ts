import { expect, test } from "bun:test";
import type { StoredSignal } from "@kloros/journal";
import type { Envelope } from "@kloros/signal-schema";
import { causesOf } from "./causes.ts";

function stored(id: string, cause?: string): StoredSignal {
  const envelope: Envelope = {
    signal: "Q_X",
    timestamp: "2026-01-31T12:00:00Z",
    source: "x",
    facts: {},
    id,
    trace: "t",
    hops: 0,
    ...(cause === undefined ? {} : { cause }),
  };
  return { seq: Number(id), storedAt: 0, envelope, deliveries: [] };
}

function history(...items: readonly StoredSignal[]) {
  return {
    read: ({ id }: { readonly id?: string }) =>
      Promise.resolve({ items: items.filter(({ envelope }) => envelope.id === id), next: null }),
  };
}

const ids = (items: readonly StoredSignal[]) => items.map(({ envelope }) => envelope.id);

test("causes are followed up to the first signal", async () => {
  const found = await causesOf(history(stored("1"), stored("2", "1")), stored("3", "2"));
  expect(ids(found.items)).toEqual(["3", "2", "1"]);
  expect(found.missingCause).toBeUndefined();
});

test("a cause that is not in the journal any more is named", async () => {
  const found = await causesOf(history(stored("2", "1")), stored("3", "2"));
  expect(ids(found.items)).toEqual(["3", "2"]);
  expect(found.missingCause).toBe("1");
});

test("signals that name each other end", async () => {
  const found = await causesOf(history(stored("1", "2"), stored("2", "1")), stored("2", "1"));
  expect(ids(found.items)).toEqual(["2", "1"]);
});
