import { describe, expect, test } from "bun:test";
import type { StoredSignal } from "@kloros/journal";
import { forRandomCases } from "../testing/random_cases.ts";
import { causalTree } from "./causal_tree.ts";

function stored(seq: number, cause: number | undefined, atMs: number): StoredSignal {
  const timestamp = new Date(atMs).toISOString();
  const said = { signal: "Q_X", timestamp, source: "x", facts: {}, id: String(seq), trace: "0", hops: 0 };
  return {
    seq,
    storedAt: atMs,
    deliveries: [],
    envelope: cause === undefined ? said : { ...said, cause: String(cause) },
  };
}

describe("causalTree()", () => {
  test("draws effects below their cause, in the order they were stored, with latencies", () => {
    const items = [stored(1, undefined, 1000), stored(2, 1, 1010), stored(3, 2, 1025), stored(4, 1, 1100)];
    expect(
      causalTree(items).map(({ item, branch, sinceCauseMs, sinceRootMs }) => [
        item.seq,
        branch,
        sinceCauseMs,
        sinceRootMs,
      ]),
    ).toEqual([
      [1, "● ", undefined, 0],
      [2, "├▶ ", 10, 10],
      [3, "│  └▶ ", 15, 25],
      [4, "└▶ ", 100, 100],
    ]);
  });

  test("shows a signal whose cause is gone at the top", () => {
    expect(causalTree([stored(7, 3, 0)]).map(({ depth }) => depth)).toEqual([0]);
  });

  test("a clock that went back gives no negative latency", () => {
    expect(causalTree([stored(1, undefined, 500), stored(2, 1, 400)])[1]?.sinceCauseMs).toBe(0);
  });

  test("shows each signal once, whatever the causes say, rings included", async () => {
    await forRandomCases(300, (dice) => {
      const causes = dice.list(30, () => (dice.next() < 0.2 ? undefined : dice.whole(1, 30)));
      const items = causes.map((cause, index) => stored(index + 1, cause, index));
      const seqs = causalTree(items).map(({ item }) => item.seq);
      expect(seqs.toSorted((a, b) => a - b)).toEqual(items.map(({ seq }) => seq));
    });
  });
});
