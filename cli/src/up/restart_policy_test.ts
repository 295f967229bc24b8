import { describe, expect, test } from "bun:test";
import { afterDeath, type Death } from "./restart_policy.ts";

const death = (changes: Partial<Death> = {}): Death => ({
  exitCode: 1,
  wasReady: true,
  readyForMs: 1000,
  deathsBefore: 0,
  ...changes,
});

describe("afterDeath()", () => {
  test("starts a service again after 200 ms, and waits twice as long each time, up to 10 s", () => {
    const delays = [0, 1, 2, 5, 6, 100].map((deathsBefore) => {
      const next = afterDeath(death({ deathsBefore }));
      return next.kind === "restart" ? next.delayMs : undefined;
    });
    expect(delays).toEqual([200, 400, 800, 6400, 10_000, 10_000]);
  });

  test("forgets the deaths of a service that worked for a minute", () => {
    expect(afterDeath(death({ deathsBefore: 9, readyForMs: 60_000 }))).toEqual({
      kind: "restart",
      delayMs: 200,
      deathsInRow: 1,
    });
  });

  test("gives up at once on a wrong configuration or command line", () => {
    for (const exitCode of [64, 78]) expect(afterDeath(death({ exitCode })).kind).toBe("give_up");
  });

  test("gives up on unusable directories and on another instance only when it never worked", () => {
    for (const exitCode of [73, 75]) {
      expect(afterDeath(death({ exitCode, wasReady: false })).kind).toBe("give_up");
      expect(afterDeath(death({ exitCode, wasReady: true })).kind).toBe("restart");
    }
  });

  test("a signal is no exit code", () => {
    expect(afterDeath(death({ exitCode: null, wasReady: false })).kind).toBe("restart");
  });
});
