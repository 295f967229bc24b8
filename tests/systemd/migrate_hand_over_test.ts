/**
 * The migration in a real systemd, beside a stand-in for the old oneshot, under a steady stream of intents: each one is
 * processed exactly once, by one side or the other.
 */
import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { choicesOf } from "@kloros/signal-schema/testing";
import { MigratingMachine } from "./house/migrating_machine.ts";
import { dividedAsDocumented } from "./house/old_system.ts";
import { buildPrograms, type Programs } from "./house/programs.ts";
import { mustSkip } from "./sandbox/possible.ts";

const skip = mustSkip();
const LIMIT_MS = 900_000;
/** A change takes about so long here. */
const KILL_MS_MAX = 4000;

let programs: Programs;
let machine: MigratingMachine | undefined;
beforeAll(async () => {
  if (!skip) programs = await buildPrograms("multicall");
}, LIMIT_MS);
afterEach(async () => {
  await machine?.remove();
  machine = undefined;
});

/** In the name of the criterion that is the machine's affair. */
const FAST = "within a second";
/** Something hangs on the way while this is there. */
const STUCK = "/run/stuck";
const MAY_STICK = `
[migrate.everything]
disable = ["systemctl disable --now kloros-orchestrator.timer", "if test -e ${STUCK}; then echo the switch is stuck >&2; false; fi"]
`;

describe.skipIf(skip)("the migration, forward to its end and back to its begin", () => {
  test(
    "where the old side is switched off as a whole, and `kloros migrate` is killed at every step of a hand-over",
    async () => {
      machine = await MigratingMachine.boot(programs, "");
      const files = await machine.oldFiles();
      for (const phase of [0, 1, 2, 3, 4, 5] as const) {
        await (phase < 4 ? machine.change("next") : machine.changeWithCrashes("next"));
        await expectPhase(machine, phase);
      }
      expect(await machine.oldFiles()).toBe("");
      await machine.rejectsForeign("bad");
      for (const phase of [4, 3, 2, 1, 0, -1] as const) {
        await (phase < 3 ? machine.change("back") : machine.changeWithCrashes("back"));
        await expectPhase(machine, phase);
      }
      expect(await machine.oldFiles()).toBe(files);
      expect(await machine.dropIns()).toBe("");
      await machine.expectEachOnce();
    },
    LIMIT_MS,
  );

  const seed = Number(process.env["KLOROS_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  test(
    `where the old side can leave intents alone, killed at random moments (KLOROS_SEED=${seed}); a switch that is stuck leaves things as they were`,
    async () => {
      const choices = choicesOf(seed);
      machine = await MigratingMachine.boot(programs, `${dividedAsDocumented()}${MAY_STICK}`);
      for (const owner of ["old", "old", "ours"] as const) {
        await machine.changeKilledAfter("next", choices.below(KILL_MS_MAX));
        await machine.somethingIsDone(owner);
      }
      await expectPhaseTwo(machine);
      await machine.change("next");
      await expectStuck(machine);
      await machine.change("next");
      await machine.somethingIsDone("ours");
      for (const owner of ["ours", "ours", "old"] as const) {
        await machine.changeKilledAfter("back", choices.below(KILL_MS_MAX));
        await machine.somethingIsDone(owner);
      }
      await machine.expectEachOnce();
      expect(machine.state()).toMatchObject({ position: 1, pending: null });
      expect(machine.state().history.map(({ what, to, by }) => `${what} ${to} ${by}`)).toEqual([
        ...[0, 1, 2, 3].map((to) => `next ${to} root`),
        "undone 3 root",
        "next 4 root",
        ...[3, 2, 1].map((to) => `back ${to} root`),
      ]);
    },
    LIMIT_MS,
  );
});

async function expectPhase(on: MigratingMachine, phase: number): Promise<void> {
  expect(on.state()).toMatchObject({ position: phase, pending: null });
  expect(await on.oldIsOn()).toBe(phase < 4);
  await on.somethingIsDone(phase < 4 ? "old" : "ours");
}

/** Ours does the intents, the old side the rest. */
async function expectPhaseTwo(on: MigratingMachine): Promise<void> {
  const runs = on.oldRuns();
  await on.until("another run of the old side", () => on.oldRuns() > runs);
  // The run that began just now goes on for a while, and is known to leave intents alone.
  let report = await on.report();
  for (let tries = 0; report.old_side.intents === "running" && tries < 5; tries++) report = await on.report();
  expect(report).toMatchObject({
    phase: 2,
    divided: true,
    old_side: { everything: "on", intents: "off" },
    window_ms: 48 * 3_600_000,
  });
  expect(report.criteria.filter(({ met, name }) => met === false && !name.includes(FAST))).toEqual([]);
  const early = await on.kloros("migrate", "next");
  expect(early.code).toBe(1);
  expect(early.error).toContain("its window ends in 47 h");
}

async function expectStuck(on: MigratingMachine): Promise<void> {
  writeFileSync(on.pathOf(STUCK), "");
  const failed = await on.kloros("migrate", "next", "--now", "--reason", "a trial");
  expect(failed.code).toBe(1);
  expect(failed.error).toContain("the switch is stuck");
  expect(failed.error).toContain("things are as they were: phase 3");
  expect(await on.oldIsOn()).toBe(true);
  expect(on.state()).toMatchObject({ position: 3, pending: null });
  const last = on.state().history.at(-1);
  expect(last).toMatchObject({ what: "undone", reason: "a trial" });
  expect(last?.notes.filter((note) => !note.includes(FAST))).toEqual([
    expect.stringContaining("its window"),
    expect.stringContaining("the switch is stuck"),
  ]);
  rmSync(on.pathOf(STUCK));
}
