import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { CRASH_POINTS } from "@kloros/daemon";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listWinners } from "./list_winners.ts";
import { notedCommand, openWorkbench, runsOf, WINNER } from "./testing/workbench.ts";
import type { Workbench } from "./testing/workbench.ts";

const ENV = "# voice\r\nexport KLR_TTS_SPEED='1.0'\r\nOTHER=x";
const AFTER = ENV.replace("1.0", "1.5");

/** The child's program in one file: many are started, and reading its modules is most of what one does. */
const built = mkdtempSync(join(tmpdir(), "kloros-deployer-child-"));
beforeAll(async () => {
  const entrypoints = [join(import.meta.dir, "fixtures/deliver_child.ts")];
  await Bun.build({ entrypoints, target: "bun", outdir: built });
});
afterAll(() => rmSync(built, { recursive: true }));

let bench: Workbench;
afterEach(() => bench.remove());

/** Works through the mail in a child process that dies at this point. */
async function runChild(crashAt: string): Promise<void> {
  const child = Bun.spawn([process.execPath, join(built, "deliver_child.js"), bench.root], {
    env: { ...process.env, KLOROS_CRASH_AT: crashAt },
    stdout: "ignore",
    stderr: "inherit",
  });
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
}

function openWith(validation: string): void {
  bench = openWorkbench();
  const reloadCommand = notedCommand(bench.root, "reload");
  const validationCommand = notedCommand(bench.root, "validate", validation);
  bench = openWorkbench({ root: bench.root, config: { reloadCommand, validationCommand } });
  bench.setEnv(ENV);
}

const tidyHome = (): void => {
  expect(readdirSync(bench.paths.home).filter((name) => name.includes("env"))).toEqual([
    ".kloros_env",
    ".kloros_env.lock",
  ]);
};

const ours = Object.keys(CRASH_POINTS).filter((name) => /^(?:deployer|files)\./.test(name));

describe("a process that is killed in a deployment", () => {
  const points = ours
    .filter((name) => !/rolling|rolled/.test(name))
    .flatMap((name) => (name.startsWith("files.") ? [name, `${name}:3`] : [name]));
  beforeEach(() => openWith("true"));
  test.each(points)("at %s leaves work that the next one finishes, once", async (point) => {
    const id = bench.postCycle([WINNER]);
    await runChild(point);
    expect(bench.letter(id).emitted).toBeNull();
    expect([ENV, AFTER]).toContain(bench.env());
    const signals = await bench.deliver(id);
    expect(signals.map(({ signal }) => signal)).toEqual(["Q_WINNER_DEPLOYED", "Q_DEPLOYMENT_COMPLETE"]);
    expect(bench.env()).toBe(AFTER);
    expect(runsOf(bench.root, "validate")).toBeGreaterThan(0);
    const [record, ...more] = await listWinners(bench.paths);
    expect(more).toEqual([]);
    expect(record).toMatchObject({ state: "deployed", keys: [{ old: "1.0", new: "1.5" }] });
    expect(
      readdirSync(join(bench.paths.state, "env_backups")).filter((name) => name.endsWith(".env")),
    ).toHaveLength(1);
    tidyHome();
    await bench.decide("rollback", WINNER);
    expect(bench.env()).toBe(ENV);
  });
});

describe("a process that is killed in a deployment that does not work", () => {
  // Before the file is written it makes no difference what the validation will say: one of those is enough.
  const alike = new Set(["deployer.backed-up", "deployer.tmp-written", "deployer.validated"]);
  const points = ours.filter((name) => name.startsWith("deployer.") && !alike.has(name));
  beforeEach(() => openWith("exit 1"));
  test.each(points)("at %s leaves nothing of it in the file in the end", async (point) => {
    const id = bench.postCycle([WINNER]);
    await runChild(point);
    const signals = await bench.deliver(id);
    expect(signals.map(({ signal }) => signal)).toEqual(["Q_DEPLOYMENT_FAILED", "Q_DEPLOYMENT_COMPLETE"]);
    expect(signals[0]?.facts).toMatchObject({ winners: [{ rolled_back: true }] });
    expect(bench.env()).toBe(ENV);
    expect(await listWinners(bench.paths)).toMatchObject([{ state: "failed" }]);
    tidyHome();
  });
});

describe("a process that is killed while it takes a winner back", () => {
  const points = ["rolling-back", "tmp-written", "rolled-back", "recorded"].map((name) => `deployer.${name}`);
  beforeEach(() => openWith("true"));
  test.each(points)("at %s leaves work that the next one finishes", async (point) => {
    await bench.cycle([WINNER]);
    const { experiment, hash } = WINNER;
    const id = bench.postDecision({ experiment, hash, decision: "rollback" });
    await runChild(point);
    const signals = await bench.deliver(id);
    expect(signals).toMatchObject([
      { signal: "Q_WINNER_DECIDED", facts: { outcome: "done", keys: ["KLR_TTS_SPEED"] } },
    ]);
    expect(bench.env()).toBe(ENV);
    expect(await listWinners(bench.paths)).toMatchObject([{ state: "rolled_back" }]);
  });
});

describe("somebody else's change while the process was dead", () => {
  beforeEach(() => openWith("true"));
  const table: readonly [point: string, change: (text: string) => string, expected: string, first: string][] =
    [
      ["planned", (text) => `${text}\r\nNEW=1`, `${AFTER}\r\nNEW=1`, "Q_WINNER_DEPLOYED"],
      ["written", (text) => `${text}\r\nNEW=1`, `${AFTER}\r\nNEW=1`, "Q_WINNER_DEPLOYED"],
      ["written", (text) => text.replace("1.5", "3"), ENV.replace("1.0", "3"), "Q_DEPLOYMENT_FAILED"],
      ["planned", (text) => text.replace("1.0", "3"), ENV.replace("1.0", "3"), "Q_DEPLOYMENT_FAILED"],
      ["written", (text) => `${text}\nfi\n`, `${AFTER}\nfi\n`, "Q_DEPLOYMENT_FAILED"],
    ];
  test.each(table)("after %s stays", async (point, change, expected, first) => {
    const id = bench.postCycle([WINNER]);
    await runChild(`deployer.${point}`);
    bench.setEnv(change(bench.env()));
    const [signal] = await bench.deliver(id);
    expect(signal?.signal).toBe(first);
    expect(bench.env()).toBe(expected);
  });

  test("that broke the file does not hide that the new values stand in it", async () => {
    const id = bench.postCycle([WINNER]);
    await runChild("deployer.written");
    bench.setEnv(`${bench.env()}\nfi\n`);
    const [failed] = await bench.deliver(id);
    expect(String(failed?.facts["error"])).toMatch(
      /^new values may still stand in .*; cannot edit .*: line 4 /,
    );
  });

  test("between reading and renaming is noticed", async () => {
    const id = bench.postCycle([WINNER]);
    await runChild("deployer.tmp-written");
    bench.setEnv(`${ENV}\r\nNEW=1`);
    await bench.deliver(id);
    expect(bench.env()).toBe(`${AFTER}\r\nNEW=1`);
  });
});
