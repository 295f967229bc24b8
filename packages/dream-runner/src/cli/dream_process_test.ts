/** `kloros-dream` as a process, started, ended and killed as its supervisor may. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "@kloros/daemon/testing";
import { DreamFolder } from "../testing/dream_folder.ts";
import type { CycleReport } from "../types.ts";

// They take a second; a machine that is busy with others starts programs slowly.
setDefaultTimeout(60_000);

const MAIN = join(import.meta.dir, "../main.ts");
const python = Bun.which("python3");
let folder: DreamFolder;
let tags = 0;
let tag = "";
beforeEach(() => {
  folder = new DreamFolder();
  tag = `t${String(process.pid)}-${String((tags += 1))}`;
});
afterEach(() => {
  for (const pid of processesOfRun()) process.kill(pid, "SIGKILL");
  folder[Symbol.dispose]();
});

/** All processes that carry the run's tag, as its supervisor finds them. */
function processesOfRun(): number[] {
  const wanted = `KLOROS_RUN_TAG=${tag}\0`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return `${readFileSync(`/proc/${pid}/environ`, "latin1")}\0`.includes(wanted);
      } catch {
        return false;
      }
    })
    .map(Number);
}

function start(argv: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  return Bun.spawn([process.execPath, MAIN, ...argv], {
    cwd: folder.path,
    env: { ...process.env, KLOROS_RUN_TAG: tag, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

const run = ["run", "--config", "dream.yaml", "--artifacts", "artifacts"];

const HANGS = {
  "a command with grandchildren, one of them in a session of its own": `{command: [sh, -c, 'trap "" TERM; setsid sleep 300 >/dev/null 2>&1 & sleep 300 & sleep 300']}`,
  "a Python evaluator": "{path: hang.py}",
  "a module": "{path: hang.js}",
};

function writeHang(evaluator: string): void {
  folder.write("hang.py", "import time\ndef evaluate(p, c):\n    while True:\n        time.sleep(300)\n");
  folder.write("hang.js", "export function evaluate() { while (true); }");
  folder.write(
    "dream.yaml",
    `experiments:\n  - {name: one, search_space: {x: [1, 2, 3]}, evaluator: ${evaluator}, parallel: 2}\n`,
  );
}

/** The evaluators are at work: the runner, and both of them. */
async function untilAtWork(): Promise<void> {
  await until("evaluators at work", () => processesOfRun().length >= 3);
}

describe.each(Object.entries(HANGS))("%s that hangs", (_, evaluator) => {
  test.skipIf(evaluator.includes(".py") && python === null)(
    "does not outlive a runner that is killed",
    async () => {
      writeHang(evaluator);
      const child = start(run);
      await untilAtWork();
      child.kill("SIGKILL");
      await child.exited;
      await until("no process of the run", () => processesOfRun().length === 0);
      expect(existsSync(join(folder.path, `artifacts/cycles/${tag}.json`))).toBe(false);
      expect(folder.files("artifacts").filter((file) => file.includes("winners/"))).toEqual([]);
    },
  );

  test.skipIf(evaluator.includes(".py") && python === null)(
    "is ended by SIGTERM, with a report",
    async () => {
      writeHang(evaluator);
      const child = start(run);
      await untilAtWork();
      child.kill("SIGTERM");
      expect(await child.exited).toBe(143);
      expect(processesOfRun()).toEqual([]);
      const report = folder.json(`artifacts/cycles/${tag}.json`) as CycleReport;
      expect(report).toMatchObject({ success: false, exit_code: 143, winners: [] });
    },
  );
});

describe("kloros-dream", () => {
  const GOOD = `experiments:\n  - {name: one, search_space: {x: [1, 2, 3]}, evaluator: {path: good.js}, metrics: {target_direction: {score: up}}}\n`;

  test("runs, tells its progress as lines of JSON, and ends with 0", async () => {
    folder.write("good.js", "export const evaluate = ({ x }) => ({ score: x });");
    folder.write("dream.yaml", GOOD);
    const child = start([...run, "--progress", "json"]);
    const lines = (await child.stdout.text()).trim().split("\n");
    expect(await child.exited).toBe(0);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ progress: { run_tag: tag, candidates: 3 } });
    expect(folder.json("artifacts/winners/one.json")).toMatchObject({ best: { params: { x: 3 } } });
    const show = start(["show", "--artifacts", "artifacts"]);
    expect(await show.stdout.text()).toMatch(/^one [0-9a-f]{16} fitness 3 \{"x":3\}\n$/);
  });

  test("killed around any of its files it leaves whole files, no report, and the next run succeeds", async () => {
    folder.write("good.js", "export const evaluate = ({ x }) => ({ score: x });");
    folder.write("dream.yaml", GOOD);
    const moments = ["files.tmp-written", "files.renamed"].flatMap((point) =>
      [1, 2, 3, 4].map((nth) => `${point}:${String(nth)}`),
    );
    const check = async (moment: string): Promise<number | null> => {
      const artifacts = `artifacts-${moment}`;
      const child = start(["run", "--config", "dream.yaml", "--artifacts", artifacts], {
        KLOROS_CRASH_AT: moment,
      });
      await child.exited;
      const files = folder
        .files(artifacts)
        .filter((file) => !/(^|\/)\.[^/]*$/.test(file) && !file.includes("/UNIX/"));
      for (const file of files) folder.json(join(artifacts, file));
      // The report is the last of four files: it is there only when nothing is missing.
      const hasReport = files.includes(`cycles/${tag}.json`);
      expect([moment, hasReport]).toEqual([moment, moment === "files.renamed:4"]);
      if (hasReport) expect(files).toContain("winners/one.json");
      // One of each kind: they leave the same.
      if (moment.endsWith(":3")) {
        expect(await start(["run", "--config", "dream.yaml", "--artifacts", artifacts]).exited).toBe(0);
      }
      return child.exitCode;
    };
    expect(await Promise.all(moments.map(check))).toEqual(moments.map(() => null));
  });

  test("ends with 1 and writes no winner when everything failed", async () => {
    folder.write("good.js", "export const evaluate = () => { throw new Error('broken'); };");
    folder.write("dream.yaml", GOOD);
    const child = start(run);
    expect(await child.stderr.text()).toContain("Error: broken");
    expect(await child.exited).toBe(1);
    expect(folder.files("artifacts").filter((file) => file.startsWith("winners/"))).toEqual([]);
  });

  test("check says all errors with their places, or what would run", async () => {
    folder.write("dream.yaml", "experiments:\n  - {name: a/b, search_space: {}, evaluator: {path: x.rb}}\n");
    const bad = start(["check", "--config", "dream.yaml"]);
    expect((await bad.stderr.text()).match(/dream\.yaml:2:\d+: /g)).toHaveLength(3);
    expect(await bad.exited).toBe(78);
    folder.write("dream.yaml", GOOD);
    folder.write("good.js", "export const evaluate = () => ({});");
    const good = start(["check", "--config", "dream.yaml"]);
    expect(await good.stdout.text()).toContain("one: 1 parameters, 3 combinations");
    expect(await good.exited).toBe(0);
  });

  test("check names evaluators and programs that are not there", async () => {
    folder.write("dead.sh", "#!/bin/sh\n");
    const evaluators = ["{command: [./dead.sh]}", "{command: [no-such-program]}", "{path: gone.py}"];
    const lines = evaluators.map(
      (evaluator, n) => `  - {name: e${String(n)}, search_space: {x: [1]}, evaluator: ${evaluator}}\n`,
    );
    folder.write("dream.yaml", `experiments:\n${lines.join("")}`);
    const child = start(["check", "--config", "dream.yaml"]);
    expect(
      (await child.stderr.text()).match(/^error: .*e\d: there is no .*; .*mend evaluator\./gm),
    ).toHaveLength(3);
    expect(await child.exited).toBe(78);
  });

  test.each([
    [["run"], "--config"],
    [["run", "--config", "x", "--run-tag", "../x"], "a file is named by it"],
    [["run", "--config", "x", "--parallel", "0"], "whole number from 1"],
    [["rum"], "did you mean run"],
  ])("%p is refused with 64", async (argv, message) => {
    const child = start(argv);
    expect((await child.stderr.text()).toLowerCase()).toContain(message);
    expect(await child.exited).toBe(64);
  });
});
