import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Candidate } from "./decide.ts";
import { contender, SuccessionWorld } from "./testing/succession_world.ts";

const BEFORE = "# live\nK1=0\nK3='1'\n";
const A = contender("a", { k1: 1 });
const B = contender("b", { k1: 2 });
const C = contender("c", { k1: 1, k2: 5 });
const D = contender("d", { k2: 6 });
const WINNERS: readonly Candidate[] = [A, B, C, D, contender("e", { k1: 0, k2: 5, k3: 1 })];

type Step = (world: SuccessionWorld) => unknown;
const win =
  (...winners: readonly Candidate[]): Step =>
  (world) =>
    winners.forEach((one) => world.win(one));
const back =
  (winner: Candidate): Step =>
  (world) =>
    world.rollBack(winner);
const byHand =
  (from: string, to: string): Step =>
  (world) => {
    world.text = world.text.replace(from, to);
  };

function after(...steps: readonly Step[]): SuccessionWorld {
  const world = new SuccessionWorld(BEFORE);
  for (const step of steps) step(world);
  return world;
}

describe("winners after one another", () => {
  const deployed = "deployed";
  const replaced = "replaced";
  const gone = "rolled_back";
  const table: readonly [name: string, Step[], states: Record<string, string>, values: (string | null)[]][] =
    [
      ["another value replaces", [win(A, B)], { a: replaced, b: deployed }, ["2", null]],
      ["the same value replaces nobody", [win(A, C)], { a: deployed, c: deployed }, ["1", "5"]],
      ["other keys replace nobody", [win(A, D)], { a: deployed, d: deployed }, ["1", "6"]],
      ["one key of two is enough", [win(C, B)], { c: replaced, b: deployed }, ["2", "5"]],
      ["several are replaced at once", [win(A, C, B)], { a: replaced, c: replaced, b: deployed }, ["2", "5"]],
      ["who is replaced may come back", [win(A, B, A)], { b: replaced, a: deployed }, ["1", null]],
      ["the way back", [win(A, B), back(B)], { a: deployed, b: gone }, ["1", null]],
      ["the way back of two", [win(A, C, B), back(B)], { a: deployed, c: deployed, b: gone }, ["1", "5"]],
      ["the way back after coming back", [win(A, B, A), back(A)], { b: deployed, a: gone }, ["2", null]],
      [
        "the way back after many changes of mind leads to the beginning",
        [win(A, B, A, B, A, B), back(B), back(A)],
        { b: gone, a: gone },
        ["0", null],
      ],
      [
        "a way back that restores one key of two",
        [win(C, B, D), back(B)],
        { c: replaced, d: deployed, b: gone },
        ["1", "6"],
      ],
      [
        "a value set by hand in between",
        [win(A), byHand("K1=1", "K1=9"), win(B), back(B)],
        { a: replaced, b: gone },
        ["9", null],
      ],
      [
        "a value set by hand, then coming back",
        [win(A, B), byHand("K1=2", "K1=9"), win(A), back(A)],
        { b: replaced, a: gone },
        ["9", null],
      ],
    ];
  test.each(table)("%s", (_name, steps, states, values) => {
    const world = after(...steps);
    const found = world.memory.winners.map(({ hash, state }) => [hash, state]);
    expect(Object.fromEntries(found)).toEqual(states);
    expect([world.value("K1"), world.value("K2")]).toEqual(values);
  });

  test("name the one that took the place, and the keys", () => {
    const world = after(win(C, B));
    expect(world.find(C)?.reason).toBe("replaced by e:b, which set K1 to another value");
    expect(world.rollBack(C)).toBe(
      "it is not deployed: replaced, and e:b set K1 after it; take that back first",
    );
    expect(world.reject(C)).toBe("K2 still has its value: take e:b back first, then take it back");
    expect(world.rollBack(B)).toBeUndefined();
    expect(world.find(C)?.reason).toBe("its values stand again since e:b was taken back");
  });

  test("are taken back in reverse order, also when they agree", () => {
    expect(after(win(A, C)).rollBack(A)).toBe("e:c set K1 after it: take that back first");
  });

  test("that come again and are held, or fail, keep their place", () => {
    const world = after(win(A, B));
    world.win(A, "held");
    expect(world.find(A)?.state).toBe("held");
    world.win(A, "fails");
    expect(world.find(A)?.state).toBe("failed");
    world.rollBack(B);
    expect(world.find(A)).toMatchObject({ state: "deployed", keys: [{ key: "K1", old: "0", new: "1" }] });
    world.rollBack(A);
    expect(world.text).toBe(BEFORE);
  });

  test("that are rejected do not come back with a rollback", () => {
    const world = after(win(A, B));
    expect(world.reject(A)).toBeUndefined();
    world.rollBack(B);
    expect(world.find(A)?.state).toBe("rejected");
    expect(world.text).toBe(BEFORE);
  });
});

/** Who set which keys, in order: all that a person has to know to say what the file holds. */
class Model {
  order: Candidate[] = [];
  value(key: string): string | null {
    const last = this.order.findLast((one) => key in one.params);
    if (last !== undefined) return String(last.params[key]);
    return { k1: "0", k3: "1" }[key] ?? null;
  }
  stands(winner: Candidate): boolean {
    return Object.entries(winner.params).every(([key, value]) => this.value(key) === String(value));
  }
  isLast(winner: Candidate): boolean {
    const keys = Object.keys(winner.params);
    return this.order.findLast((one) => keys.some((key) => key in one.params)) === winner;
  }
  without(winner: Candidate): void {
    this.order = this.order.filter((one) => one !== winner);
  }
}

const ACTIONS = ["works", "works", "works", "fails", "held", "rollback", "rollback", "reject"] as const;

function act(
  world: SuccessionWorld,
  model: Model,
  action: (typeof ACTIONS)[number],
  winner: Candidate,
): void {
  if (action === "rollback") {
    const wasDeployed = world.find(winner)?.state === "deployed";
    const isDone = world.rollBack(winner) === undefined;
    expect(isDone).toBe(wasDeployed && model.isLast(winner));
    if (isDone) model.without(winner);
  } else if (action === "reject") {
    if (world.reject(winner) === undefined) model.without(winner);
  } else {
    const stood = model.stands(winner);
    const verdict = world.win(winner, action);
    if (verdict.kind === "skip" && verdict.reason === "deployed before") expect(stood).toBe(true);
    if (verdict.kind !== "deploy" || action !== "works") return;
    model.without(winner);
    model.order.push(winner);
  }
}

function compare(world: SuccessionWorld, model: Model): void {
  for (const key of ["k1", "k2", "k3"]) expect(world.value(key.toUpperCase())).toBe(model.value(key));
  for (const winner of WINNERS) {
    const state = world.find(winner)?.state;
    if (state === "deployed") expect(model.stands(winner)).toBe(true);
    if (model.isLast(winner)) expect(state).toBe("deployed");
  }
}

test("whatever happens in whatever order: values are the last deployed winner's, and all can be taken back", () => {
  const step = fc.tuple(fc.constantFrom(...ACTIONS), fc.constantFrom(...WINNERS));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const world = new SuccessionWorld(BEFORE);
      const model = new Model();
      for (const [action, winner] of steps) {
        act(world, model, action, winner);
        compare(world, model);
      }
      for (const winner of model.order.toReversed()) {
        act(world, model, "rollback", winner);
        compare(world, model);
      }
      expect(model.order).toEqual([]);
      expect(world.text).toBe(BEFORE);
    }),
    { numRuns: 400 },
  );
});
