import { expect, test } from "bun:test";
import { winnerHash } from "./winner_hash.ts";

test.each([
  ["{}", "44136fa355b3678a"],
  ['{"test_param":42}', "ec5681745dc92a5e"],
  ['{"top_k":5,"temperature":0.5}', "e73f10497a0b86c7"],
  ['{ "temperature" : 5e-1, "top_k":5 }', "e73f10497a0b86c7"],
])("the parameters %s have the hash %s", (text, hash) => expect(winnerHash(text)).toBe(hash));

test("5 and 5.0 are two winners", () => {
  expect(winnerHash('{"a":5}')).not.toBe(winnerHash('{"a":5.0}'));
});
