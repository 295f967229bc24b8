import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { WaitingLine } from "./waiting_line.ts";
import type { Waiting } from "./waiting_line.ts";

const at = (path: string, rank: number, writtenMs: number): Waiting => ({ path, rank, writtenMs });

describe("WaitingLine", () => {
  test("gives the urgent first, then the oldest", () => {
    const line = new WaitingLine(4);
    for (const one of [at("c", 2, 1), at("a", 0, 9), at("b", 0, 3), at("d", 3, 0)]) line.add(one);
    expect(line.take(10).map(({ path }) => path)).toEqual(["b", "a", "c", "d"]);
    expect(line.size).toBe(0);
  });

  test("a newcomer that is urgent overtakes what waits already", () => {
    const line = new WaitingLine(4);
    for (let index = 0; index < 100; index += 1) line.add(at(`n${index}`, 2, index));
    line.take(10);
    line.add(at("urgent", 0, 1000));
    expect(line.take(1)).toEqual([at("urgent", 0, 1000)]);
  });

  test("a path that waits keeps its place", () => {
    const line = new WaitingLine(2);
    line.add(at("a", 1, 5));
    line.add(at("a", 0, 1));
    expect(line.take(9)).toEqual([at("a", 1, 5)]);
  });

  test("gives each path once, in order, however adds and takes are mixed", () => {
    const step = fc.oneof(
      fc.record({ path: fc.nat(40).map(String), rank: fc.nat(3), writtenMs: fc.nat(9) }),
      fc.nat(6),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const line = new WaitingLine(4);
        const model = new Map<string, Waiting>();
        for (const one of steps) {
          if (typeof one !== "number") {
            line.add(one);
            if (!model.has(one.path)) model.set(one.path, one);
            continue;
          }
          const wanted = [...model.values()].toSorted(compare).slice(0, one);
          expect(line.take(one)).toEqual(wanted);
          for (const { path } of wanted) model.delete(path);
        }
        expect(line.size).toBe(model.size);
      }),
    );
  });
});

function compare(a: Waiting, b: Waiting): number {
  return a.rank - b.rank || a.writtenMs - b.writtenMs || (a.path < b.path ? -1 : 1);
}
