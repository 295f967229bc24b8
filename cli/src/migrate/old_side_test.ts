import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configFor, until } from "@kloros/daemon/testing";
import { MigrateConfig, type MigrateSettings, problemOf } from "./migrate_config.ts";
import { OldSideCommands } from "./old_side.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "km-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function oldSide(everything: Partial<MigrateSettings["everything"]>, commandTimeoutMs = 10_000) {
  const settings = configFor(MigrateConfig, { commandTimeoutMs });
  return new OldSideCommands({
    settings: { ...settings, everything: { ...settings.everything, ...everything } },
    env: process.env,
    commandLog: join(root, "deep", "commands.jsonl"),
  });
}

const failure = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "",
    (error: unknown) => `${(error as Error).name}: ${(error as Error).message}`,
  );

/** Of a process, as the kernel says it: a dead one that nobody asked about is `Z`. */
function stateOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0];
  } catch {
    return undefined;
  }
}

test("commands run one after the other, and their output is kept", async () => {
  await oldSide({ disable: ["echo one", "echo two >&2"] }).switch("everything", "off");
  const kept = readFileSync(join(root, "deep", "commands.jsonl"), "utf8")
    .trim()
    .split("\n");
  expect(kept.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { line: "echo one", code: 0, out: "one\n" },
    { line: "echo two >&2", code: 0, err: "two\n" },
  ]);
});

test("one that fails says what it said, where all of it is, and those behind it do not run", async () => {
  const said = await failure(
    oldSide({ enable: ["echo no such unit >&2; exit 5", "touch never"] }).switch("everything", "on"),
  );
  expect(said).toStartWith("StepError: `echo no such unit >&2; exit 5` ended with 5: no such unit");
  expect(said).toContain("commands.jsonl");
  expect(
    readFileSync(join(root, "deep", "commands.jsonl"), "utf8")
      .trim()
      .split("\n").length,
  ).toBe(1);
});

test("one that does not end is killed with everything that it started", async () => {
  const pidFile = join(root, "pid");
  const said = await failure(
    oldSide({ disable: [`sleep 1000 & echo $! >${pidFile}; wait`] }, 2000).switch("everything", "off"),
  );
  expect(said).toContain("did not end in time and was killed");
  const pid = Number(readFileSync(pidFile, "utf8"));
  await until("it is gone", () => stateOf(pid) === undefined || stateOf(pid) === "Z");
});

test.each(["on", "running", "off"] as const)("a probe that says %s last is understood", async (word) => {
  expect(await oldSide({ probe: `echo something; echo ${word}` }).state("everything")).toBe(word);
});

test.each([
  ["says nothing", "true"],
  ["says something else", "echo perhaps"],
  ["fails", "echo off; exit 1"],
])("a probe that %s is no answer: nothing is assumed", async (_, probe) => {
  const said = await failure(oldSide({ probe }).state("everything"));
  expect(said).toContain("StepError: the probe of [migrate.everything] did not say on, running or off");
});

test("what can be switched off for intents alone must be seen and be switched on again", () => {
  const settings = configFor(MigrateConfig, {});
  const intents = (given: Partial<MigrateSettings["intents"]>) =>
    problemOf({ ...settings, intents: { ...settings.intents, ...given } });
  expect(problemOf(settings)).toBeUndefined();
  expect(intents({ disable: ["true"] })).toContain("needs disable, enable and probe");
  expect(intents({ disable: ["true"], enable: ["true"], probe: "echo on" })).toBeUndefined();
});

test("a command that leaves a program of its own behind has ended when it ends", async () => {
  const begin = performance.now();
  await oldSide({ enable: ["setsid sleep 20 & echo started"] }).switch("everything", "on");
  expect(performance.now() - begin).toBeLessThan(15_000);
  expect(readFileSync(join(root, "deep", "commands.jsonl"), "utf8")).toContain("started");
});
