import { expect, test } from "bun:test";
import fc from "fast-check";
import { backoffMs } from "./ambient.ts";

test("a backoff doubles up to its limit, between a half and the whole of it", () => {
  fc.assert(
    fc.property(
      fc.nat(2000),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, random) => {
        const wait = backoffMs(attempt, random, { firstMs: 50, maxMs: 2000 });
        const whole = Math.min(2000, 50 * 2 ** Math.min(attempt, 30));
        expect(wait).toBeGreaterThanOrEqual(whole / 2);
        expect(wait).toBeLessThanOrEqual(whole);
      },
    ),
  );
});
