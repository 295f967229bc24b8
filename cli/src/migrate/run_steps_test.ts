/** Changes of phase, with a world in memory that remembers what was done to it. */
import { describe, expect, test } from "bun:test";
import { type ChangeRequest, chooseChange } from "./change_phase.ts";
import type { Direction, MigrationState } from "./migration_state.ts";
import type { Position } from "./phases.ts";
import { type Outcome, type Runner, runPending, StepError } from "./run_steps.ts";
import type { Step } from "./steps.ts";

const NOW = Date.parse("2026-02-01T00:00:00Z");
const AT = "2026-01-01T00:00:00.000Z";

const atPhase = (position: Position): MigrationState => ({
  version: 1,
  position,
  since: position < 0 ? null : AT,
  divided: false,
  backup: position === 5 ? "/m/backup-x" : "",
  pending: null,
  history: [],
});

const request = (direction: Direction): ChangeRequest => ({
  direction,
  nowMs: NOW,
  by: "me",
  reason: "",
  waived: false,
  divided: false,
  directory: "/m",
});

class Killed extends Error {}

class World {
  readonly did: Step[] = [];
  saved: MigrationState;
  /** Kinds of steps that fail. */
  readonly broken = new Set<Step["kind"]>();
  /** Dies at this passing of a moment: before, after, or between act and record. */
  dieAt = Number.POSITIVE_INFINITY;
  moments = 0;

  constructor(state: MigrationState) {
    this.saved = state;
  }

  #moment(): void {
    this.moments += 1;
    if (this.moments === this.dieAt) throw new Killed();
  }

  readonly runner: Runner = {
    nowMs: () => NOW,
    save: (state) => {
      this.#moment();
      this.saved = structuredClone(state);
      this.#moment();
      return Promise.resolve();
    },
    perform: (step) => {
      this.#moment();
      if (this.broken.has(step.kind)) return Promise.reject(new StepError(`${step.kind} is broken`));
      this.did.push(step);
      this.#moment();
      return Promise.resolve();
    },
    tell: () => undefined,
  };

  async go(direction: Direction): Promise<Outcome> {
    const { pending } = chooseChange(this.saved, request(direction));
    const state = { ...this.saved, pending };
    await this.runner.save(state);
    return runPending(state, this.runner);
  }
}

describe("a change of phase", () => {
  test("is told in the history, and begins the window anew", async () => {
    const world = new World(atPhase(0));
    const outcome = await world.go("next");
    expect(outcome.kind).toBe("arrived");
    expect(world.saved).toMatchObject({
      position: 1,
      since: new Date(NOW).toISOString(),
      pending: null,
      history: [{ what: "next", from: 0, to: 1, by: "me" }],
    });
  });

  test("that fails is undone at once, and the window goes on as it was", async () => {
    const world = new World(atPhase(3));
    world.broken.add("old-at-rest");
    const outcome = await world.go("next");
    expect(outcome).toMatchObject({ kind: "undone", why: "old-at-rest is broken" });
    expect(world.saved).toMatchObject({ position: 3, since: AT, pending: null });
    expect(world.saved.history.at(-1)).toMatchObject({ what: "undone", notes: ["old-at-rest is broken"] });
    expect(world.did.findLast(({ kind }) => kind.startsWith("old-"))).toEqual({
      kind: "old-works",
      share: "everything",
    });
  });

  test("that can neither be done nor undone says both, and where it stands", async () => {
    const world = new World(atPhase(3));
    world.broken.add("old-off").add("old-on");
    const outcome = await world.go("next");
    expect(outcome).toMatchObject({
      kind: "stopped",
      why: "old-off is broken; and going back failed too: old-on is broken",
    });
    expect(world.saved.pending).toMatchObject({ direction: "back", undoes: "old-off is broken" });
    world.broken.clear();
    expect((await world.go("back")).kind).toBe("undone");
    expect(world.saved).toMatchObject({ position: 3, since: AT, pending: null });
  });

  test("back that fails stays where it is, and goes on when it is said again", async () => {
    const world = new World(atPhase(4));
    world.broken.add("drain");
    expect(await world.go("back")).toMatchObject({ kind: "stopped", why: "drain is broken" });
    expect(world.saved).toMatchObject({ position: 4, pending: { stoppedBy: "drain is broken" } });
    expect(world.did.some(({ kind }) => kind === "old-on")).toBe(false);
    world.broken.clear();
    expect((await world.go("back")).kind).toBe("arrived");
    expect(world.did.filter((step) => step.kind === "stop" && step.service === "intent-router").length).toBe(
      1,
    );
    expect(world.saved).toMatchObject({ position: 3, pending: null });
  });

  test("that was begun can be reversed from where it is", async () => {
    const world = new World(atPhase(4));
    world.broken.add("drain");
    await world.go("back");
    expect((await world.go("next")).kind).toBe("arrived");
    expect(world.saved).toMatchObject({ position: 4, since: new Date(NOW).toISOString(), pending: null });
    expect(world.did.at(-1)).toEqual({ kind: "start", service: "intent-router", role: "act" });
  });

  test("there is none behind the last phase, and none before the first", () => {
    expect(() => chooseChange(atPhase(5), request("next"))).toThrow("the migration is done");
    expect(() => chooseChange(atPhase(-1), request("back"))).toThrow("has not begun");
  });

  test("the files come back from where the clean-up put them", () => {
    expect(chooseChange(atPhase(5), request("back")).pending.steps).toContainEqual({
      kind: "put-back",
      backup: "/m/backup-x",
      complete: true,
    });
    expect(chooseChange(atPhase(4), request("next")).pending.steps).toContainEqual({
      kind: "put-aside",
      backup: "/m/backup-2026-02-01T00-00-00",
    });
  });
});

describe("killed at any moment", () => {
  const ways = [
    ["next", 3],
    ["next", 4],
    ["back", 4],
    ["back", 5],
  ] as const;
  test.each(ways)(
    "%s from phase %d goes on where it was and does each step in its order",
    async (direction, from) => {
      const whole = new World(atPhase(from));
      await whole.go(direction);
      for (let dieAt = 1; dieAt <= whole.moments; dieAt += 1) {
        const world = new World(atPhase(from));
        world.dieAt = dieAt;
        expect(await world.go(direction).catch((error: unknown) => error)).toBeInstanceOf(Killed);
        world.dieAt = Number.POSITIVE_INFINITY;
        const { pending, position } = world.saved;
        if (pending === null && position !== from) continue;
        await world.go(direction);
        expect<number>(world.saved.position).toBe(direction === "next" ? from + 1 : from - 1);
        expect(world.saved.pending).toBeNull();
        // At most the step that was under way is done again.
        const once = world.did.filter(
          (step, index) => JSON.stringify(step) !== JSON.stringify(world.did[index - 1]),
        );
        expect(once).toEqual([...whole.did]);
        expect(world.did.length - once.length).toBeLessThanOrEqual(1);
      }
    },
  );
});
