import { describe, expect, test } from "bun:test";
import type { WinnerRecord } from "@kloros/winner-deployer";
import { findWinner } from "./find_winner.ts";

function winner(experiment: string, hash: string): WinnerRecord {
  const when = "2026-01-31T12:00:00Z";
  const rest = {
    state: "held",
    when,
    run_tag: "1",
    fitness: 1,
    params: {},
    metrics: {},
    keys: [],
    reason: "x",
  } as const;
  return { id: `${experiment}:${hash}`, experiment, hash, ...rest };
}

const known = [
  winner("rag_opt", "e73f10497a0b86c7"),
  winner("rag_opt", "e73faaaaaaaaaaaa"),
  winner("tts", "0123456789abcdef"),
  winner("a:b", "fedcba9876543210"),
];

describe("findWinner()", () => {
  test("shows no control characters of a name", async () => {
    const odd = [winner("x\u001b]0;gone\u0007", "aa"), winner("x\u001b]0;gone\u0007", "ab")];
    for (const typed of ["a", "nothing"]) {
      const failure: unknown = await findWinner(typed, odd).catch((error: unknown) => error);
      expect(String(failure)).toContain("gone");
      // oxlint-disable-next-line no-control-regex -- what must not reach a terminal
      expect(String(failure)).not.toMatch(/[\u001b\u0007]/);
    }
  });

  test.each([
    ["rag_opt:e73f10497a0b86c7", "e73f10497a0b86c7"],
    ["rag_opt:e73f1", "e73f10497a0b86c7"],
    ["e73fa", "e73faaaaaaaaaaaa"],
    ["tts", "0123456789abcdef"],
    ["0123", "0123456789abcdef"],
    ["a:b", "fedcba9876543210"],
    ["a:b:FED", "fedcba9876543210"],
  ])("%p is one", async (typed, hash) => {
    expect((await findWinner(typed, known)).hash).toBe(hash);
  });

  test.each([
    ["rag_opt", "rag_opt fits 2 winners"],
    ["e73f", "e73f fits 2 winners"],
    ["tts:ffff", 'there is no winner "tts:ffff"'],
    ["rag_op:e73f10497a0b86c7", "did you mean rag_opt:e73f10497a0b86c7?"],
  ])("%p is refused: %s", async (typed, said) => {
    expect(await findWinner(typed, known).catch((error: unknown) => String(error))).toContain(said);
  });

  test("without winners it says why there are none", async () => {
    expect(await findWinner("x", []).catch((error: unknown) => String(error))).toContain(
      "there are no winners yet",
    );
  });
});
