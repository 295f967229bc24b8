import { describe, expect, test } from "bun:test";
import { type OldSide, planBack, planNext } from "./decide.ts";
import { FIRST, LAST, MIGRATED, type Migrated, type Position, type Role, roleAt } from "./phases.ts";
import type { Step } from "./steps.ts";

const WHOLE: OldSide = { divided: false, backup: "/backup" };
const DIVIDED: OldSide = { divided: true, backup: "/backup" };

const text = (steps: readonly Step[]): readonly string[] =>
  steps.map((step) => {
    switch (step.kind) {
      case "roles":
        return `roles ${Object.entries(step.roles).flat().join(" ")}`;
      case "start":
        return `start ${step.service} ${step.role}`;
      case "stop":
        return `stop ${step.service}`;
      case "retire":
      case "drain":
        return `${step.kind} ${step.services.join(" ")}`;
      case "at-boot":
        return `at-boot ${step.on}`;
      case "hands-empty":
      case "put-aside":
      case "put-back":
        return step.kind;
      default:
        return `${step.kind} ${step.share}`;
    }
  });

/** What a step does to the world, as far as ownership goes. */
class World {
  readonly roles = new Map<Migrated, Role | undefined>();
  readonly running = new Set<Migrated>();
  oldIntents = true;
  oldEverything = true;
  filesAside = false;

  do(step: Step): void {
    if (step.kind === "roles")
      for (const service of MIGRATED)
        if (step.roles[service] !== undefined) this.roles.set(service, step.roles[service] ?? undefined);
    if (step.kind === "start") this.running.add(step.service);
    if (step.kind === "stop") this.running.delete(step.service);
    if (step.kind === "retire") step.services.forEach((service) => this.running.delete(service));
    if (step.kind === "old-off" || step.kind === "old-on") this.#switch(step.share, step.kind === "old-on");
    if (step.kind === "put-aside") this.filesAside = true;
    if (step.kind === "put-back") this.filesAside = false;
  }

  #switch(share: "intents" | "everything", on: boolean): void {
    if (share === "intents") this.oldIntents = on;
    else this.oldEverything = on;
  }

  acts(service: Migrated): boolean {
    return this.running.has(service) && this.roles.get(service) === "act";
  }

  get intentOwners(): number {
    const old = this.oldIntents && this.oldEverything;
    return (old ? 1 : 0) + (this.acts("intent-router") ? 1 : 0);
  }

  get dreamOwners(): number {
    return (this.oldEverything ? 1 : 0) + (this.acts("policy-engine") ? 1 : 0);
  }

  expectPhase(position: Position, { divided }: OldSide): void {
    for (const service of MIGRATED) {
      const role = roleAt(service, position, divided);
      expect([service, this.roles.get(service)]).toEqual([service, role]);
      expect([service, this.running.has(service)]).toEqual([service, role === "act" || role === "observe"]);
    }
    expect(this.filesAside).toBe(position === LAST);
    expect([this.intentOwners, this.dreamOwners]).toEqual([1, 1]);
  }
}

describe.each([
  ["that can only be switched off as a whole", WHOLE],
  ["that can stop taking up intents alone", DIVIDED],
])("an old side %s", (_, oldSide) => {
  const positions = [0, 1, 2, 3, 4, 5] as const;

  test("is followed by exactly one owner in each phase, forward and back, and never by two on the way", () => {
    const world = new World();
    const walk = (steps: readonly Step[]): void => {
      for (const step of steps) {
        world.do(step);
        expect(world.intentOwners).toBeLessThanOrEqual(1);
        expect(world.dreamOwners).toBeLessThanOrEqual(1);
      }
    };
    for (const to of positions) {
      walk(planNext(to, oldSide));
      world.expectPhase(to, oldSide);
    }
    for (const from of positions.toReversed()) {
      walk(planBack(from, oldSide, true));
      if (from > 0) world.expectPhase((from - 1) as Position, oldSide);
    }
    expect([...world.running]).toEqual([]);
    expect([...world.roles.values()].every((role) => role === undefined)).toBe(true);
    expect([world.oldIntents, world.oldEverything]).toEqual([true, true]);
  });

  test.each(positions)("can be gone back to from any half of the way to phase %d", (to) => {
    const forward = planNext(to, oldSide);
    for (let done = 0; done <= forward.length; done += 1) {
      const world = new World();
      for (let at = 0; at < to; at += 1) planNext(at as Position, oldSide).forEach((step) => world.do(step));
      forward.slice(0, done).forEach((step) => world.do(step));
      for (const step of planBack(to, oldSide, false)) {
        world.do(step);
        expect(world.intentOwners).toBeLessThanOrEqual(1);
      }
      if (to > 0) world.expectPhase((to - 1) as Position, oldSide);
      else expect(world.running.size).toBe(0);
    }
  });

  test.each(positions)("is walked on from any half of the way back from phase %d", (from) => {
    const back = planBack(from, oldSide, true);
    for (let done = 0; done <= back.length; done += 1) {
      const world = new World();
      for (let at = 0; at <= from; at += 1)
        planNext(at as Position, oldSide).forEach((step) => world.do(step));
      back.slice(0, done).forEach((step) => world.do(step));
      for (const step of planNext(from, oldSide)) {
        world.do(step);
        expect(world.intentOwners).toBeLessThanOrEqual(1);
      }
      world.expectPhase(from, oldSide);
    }
  });

  test("works alone before the migration and in none of its last phases", () => {
    expect(MIGRATED.every((service) => roleAt(service, FIRST, oldSide.divided) === undefined)).toBe(true);
    expect(MIGRATED.every((service) => roleAt(service, 4, oldSide.divided) === "act")).toBe(true);
  });
});

describe("the order of a hand-over", () => {
  test("forward: the old side is off and at rest before anybody of ours may act", () => {
    expect(text(planNext(2, DIVIDED))).toEqual([
      "old-off intents",
      "old-at-rest intents",
      "roles winner-deployer observe capability-integrator act semantic-dedup act investigation-consumer act intent-router act",
      "start winner-deployer observe",
      "start capability-integrator act",
      "start semantic-dedup act",
      "start investigation-consumer act",
      "start intent-router act",
    ]);
  });

  test("back: the sources stop, what was taken up is finished, ours stop, and then the old side goes on", () => {
    expect(text(planBack(2, DIVIDED, true))).toEqual([
      "stop intent-router",
      "hands-empty",
      "drain investigation-consumer semantic-dedup capability-integrator",
      "stop investigation-consumer",
      "stop semantic-dedup",
      "stop capability-integrator",
      "retire capability-integrator winner-deployer",
      "roles intent-router observe investigation-consumer observe semantic-dedup observe capability-integrator waits winner-deployer waits",
      "old-on intents",
      "old-works intents",
      "start intent-router observe",
      "start investigation-consumer observe",
      "start semantic-dedup observe",
    ]);
  });

  test("nothing of the old side is touched where nothing changes hands", () => {
    for (const to of [0, 1, 2, 3] as const) {
      expect(text([...planNext(to, WHOLE), ...planBack(to, WHOLE, true)]).join("\n")).not.toContain("old-");
    }
  });
});
