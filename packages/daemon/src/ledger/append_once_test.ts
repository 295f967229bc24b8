import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LeaseLostError, RetryableError } from "@kloros/bus-client";
import fc from "fast-check";
import { appendOnce, findAppended } from "./append_once.ts";
import { type AppendPlan, planAppend, readAppendPlan } from "./append_plan.ts";
import { CRASH_POINTS } from "./crash_point.ts";

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kloros-ledger-"));
  file = join(directory, "log.jsonl");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const LINE = JSON.stringify({ timestamp: "2026-11-23T02:02:33.720716", text: "é😀 ".repeat(100) });
const forget = async (): Promise<void> => undefined;
const content = (): string => readFileSync(file, "utf8");
const records = (): string[] =>
  content()
    .split("\n")
    .filter((line) => line.trim() !== "");

/** Appends and gives back the plan that was stored. */
async function append(line: string, plan: AppendPlan | null = null): Promise<AppendPlan | null> {
  let stored: unknown = plan;
  await appendOnce(file, line, {
    plan,
    savePlan: async (next) => {
      stored = JSON.parse(JSON.stringify(next));
    },
  });
  return readAppendPlan(stored);
}

describe("appendOnce()", () => {
  test("appends anew what a loss of power left behind zeros instead of the line before it", async () => {
    const plan = planAppend(file, LINE, 50);
    writeFileSync(file, `${"\0".repeat(50)}${LINE}\n`);
    await append(LINE, plan);
    expect(
      content()
        .split("\n")
        .filter((line) => line === LINE),
    ).toHaveLength(1);
  });

  test("appends once to a file that a loss of power cut before the plan's offset", async () => {
    const others = `${JSON.stringify({ theirs: "x".repeat(100) })}\n`;
    writeFileSync(file, `${others}${others}`);
    const plan = planAppend(file, LINE, 2 * others.length);
    writeFileSync(file, others);
    expect(await append(LINE, plan)).toMatchObject({ offset: others.length });
    expect(content()).toBe(`${others}${LINE}\n`);
  });

  test("appends the line with a newline and stores its plan before", async () => {
    let seen = "not called";
    await appendOnce(file, LINE, {
      plan: null,
      savePlan: async (plan) => {
        seen = content();
        expect(plan).toEqual(planAppend(file, LINE, 0));
      },
    });
    expect(seen).toBe("");
    expect(content()).toBe(`${LINE}\n`);
  });

  test("keeps the line of the first attempt when the plan comes back, also when today's would differ", async () => {
    const plan = await append(LINE);
    appendFileSync(file, "foreign\n");
    const again = await appendOnce(file, `${LINE}x`, { plan, savePlan: forget });
    expect(again).toEqual({ how: "found", line: LINE });
    expect(content()).toBe(`${LINE}\nforeign\n`);
  });

  test("writes nothing when the plan is refused", async () => {
    const refused = appendOnce(file, LINE, {
      plan: null,
      savePlan: () => Promise.reject(new LeaseLostError("not yours any more")),
    });
    expect(refused).rejects.toBeInstanceOf(LeaseLostError);
    await refused.catch(() => undefined);
    expect(content()).toBe("");
  });

  test("finishes a line that was cut at any byte", async () => {
    const bytes = Buffer.from(LINE);
    for (const cut of [1, 5, 50, 199, 200, 201, 207, bytes.length - 1, bytes.length]) {
      writeFileSync(file, Buffer.concat([Buffer.from("before\n"), bytes.subarray(0, cut)]));
      await append(LINE, planAppend(file, LINE, 7));
      expect(content()).toBe(`before\n${LINE}\n`);
    }
  });

  test("removes its half line also when the record came out differently this time", async () => {
    const plan = planAppend(file, LINE, 7);
    writeFileSync(file, `before\n${LINE.slice(0, 300)}`);
    const different = LINE.replace(/é😀 "/, 'changed"');
    expect(await append(different, plan)).toEqual(planAppend(file, different, 7));
    expect(content()).toBe(`before\n${different}\n`);
  });

  test("starts on a line of its own when somebody else's half line ends the file", async () => {
    writeFileSync(file, '{"half":');
    await append(LINE);
    expect(content()).toBe(`{"half":\n${LINE}\n`);
  });

  test("gives back its line to a foreign record that was appended to our half", async () => {
    const plan = planAppend(file, LINE, 0);
    writeFileSync(file, `${LINE.slice(0, 121)}{"foreign":1}\n{"next":2}\n`);
    await append(LINE, plan);
    expect(records()).toEqual(['{"foreign":1}', '{"next":2}', LINE]);
  });

  test("leaves a blank line where its half stands before another record of ours", async () => {
    const other = '{"timestamp":"another"}';
    for (const cut of [1, 40, 250, Buffer.byteLength(LINE) - 1]) {
      const plan = planAppend(file, LINE, 7);
      const half = Buffer.from(LINE).subarray(0, cut);
      writeFileSync(file, Buffer.concat([Buffer.from("before\n"), half]));
      await append(other);
      await append(LINE, plan);
      expect(content()).toBe(`before\n${" ".repeat(cut)}\n${other}\n${LINE}\n`);
    }
  });

  test("does not take a line that only looks alike for its own", async () => {
    const plan = await append(LINE);
    rmSync(file);
    writeFileSync(file, `x${LINE}\n${LINE}x\n`);
    await append(LINE, plan);
    expect(records()).toEqual([`x${LINE}`, `${LINE}x`, LINE]);
  });

  test("looks through a file that is shorter than it was", async () => {
    writeFileSync(file, `${"x".repeat(5000)}\n`);
    const plan = await append(LINE);
    writeFileSync(file, `${LINE}\n`);
    await append(LINE, plan);
    expect(records()).toEqual([LINE]);
  });

  test("keeps five appends at once apart", async () => {
    const lines = Array.from({ length: 20 }, (_, n) => JSON.stringify({ n, text: "t".repeat(50_000) }));
    await Promise.all(lines.map((line) => append(line)));
    expect(records().toSorted()).toEqual(lines.toSorted());
  });

  test("says what is wrong when the place cannot be written, and writes there after the fix", async () => {
    mkdirSync(file);
    const error = await append(LINE).catch((problem: unknown) => problem);
    expect(error).toBeInstanceOf(RetryableError);
    expect(String(error)).toContain(`cannot append to ${file}`);
    expect(String(error)).toContain("a directory is in its place");
    rmSync(file, { recursive: true });
    await append(LINE);
    expect(records()).toEqual([LINE]);
  });

  test("waits for another process's lock and gives up with its name", async () => {
    writeFileSync(file, "");
    const holder = Bun.spawn(["flock", "-x", "-F", file, "sh", "-c", "echo locked; exec sleep 60"], {
      stdout: "pipe",
    });
    try {
      await holder.stdout.getReader().read();
      const blocked = await appendOnce(file, LINE, { plan: null, savePlan: forget, lockTimeoutMs: 60 }).catch(
        (problem: unknown) => problem,
      );
      expect(blocked).toMatchObject({ name: "RetryableError", code: "file_locked" });
    } finally {
      holder.kill();
      await holder.exited;
    }
    await append(LINE);
    expect(records()).toEqual([LINE]);
  });

  test("says that a line is there only when it is, however somebody else writes half lines into it", async () => {
    writeFileSync(file, "");
    // Bounded by itself, too: about a second.
    const scribble = `
      const { openSync, writeSync } = require("node:fs");
      const fd = openSync(process.argv[1], "a");
      for (const end = Date.now() + 1000; Date.now() < end;) { writeSync(fd, "\\n"); writeSync(fd, "{"); }
    `;
    const scribbler = Bun.spawn([process.execPath, "-e", scribble, file], { stderr: "inherit" });
    const said: string[] = [];
    try {
      while (content() === "") await Bun.sleep(1);
      for (let n = 0; n < 200 && scribbler.exitCode === null; n += 1) {
        const line = `{"n":${n}}`;
        try {
          await append(line);
          said.push(line);
        } catch (error) {
          expect(error).toMatchObject({ code: "append_failed" });
        }
      }
    } finally {
      scribbler.kill("SIGKILL");
      await scribbler.exited;
    }
    const whole = new Set(records());
    expect(said.filter((line) => !whole.has(line))).toEqual([]);
    expect(said).not.toBeEmpty();
  });

  test("has each record once, whatever was cut, foreign or half", async () => {
    const foreign = fc.constantFrom('{"f":1}\n', '{"f":1}', '{"f":', "\n", "not json\n", '{"timestamp":"20');
    const step = fc.record({
      n: fc.nat(3),
      before: fc.array(foreign, { maxLength: 2 }),
      cut: fc.option(fc.nat(400)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        rmSync(file, { force: true });
        const plans = new Map<number, AppendPlan | null>();
        const line = (n: number): string => JSON.stringify({ timestamp: n, text: "abc ".repeat(60) });
        let whole = 0;
        for (const { n, before, cut } of steps) {
          for (const text of before) appendFileSync(file, text);
          whole += before.filter((text) => text === '{"f":1}\n').length;
          const size = existsSync(file) ? readFileSync(file).length : 0;
          plans.set(n, await append(line(n), plans.get(n) ?? null));
          const written = readFileSync(file);
          // A crash in the middle of what this step wrote.
          if (cut !== null && written.length > size) {
            const keep = Math.min(size + 1 + cut, written.length);
            writeFileSync(file, written.subarray(0, keep));
            plans.set(n, await append(line(n), plans.get(n) ?? null));
          }
        }
        const lines = records();
        for (const [n, plan] of plans) {
          expect(lines.filter((text) => text === line(n))).toHaveLength(1);
          expect(plan && (await findAppended(plan))).toBe(line(n));
        }
        // Whole foreign records are all still there; those glued to a foreign half before them share its line.
        expect(content().split('{"f":1}').length - 1).toBeGreaterThanOrEqual(whole);
      }),
      { numRuns: 60 },
    );
  });
});

describe("appendOnce() on trouble", () => {
  const root = process.getuid?.() === 0;

  test.skipIf(!root)(
    "leaves no half line on a full disk and writes when there is room (needs root for a tmpfs)",
    async () => {
      const disk = join(directory, "disk");
      mkdirSync(disk);
      const run = (...command: string[]): boolean => Bun.spawnSync(command).exitCode === 0;
      if (!run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk)) return;
      try {
        file = join(disk, "log.jsonl");
        writeFileSync(file, "before\n");
        const filler = join(disk, "filler");
        writeFileSync(filler, Buffer.alloc(52 * 1024));
        const long = JSON.stringify({ text: "x".repeat(30_000) });
        let plan: AppendPlan | null = null;
        const savePlan = async (next: AppendPlan): Promise<void> => void (plan = next);
        const error = await appendOnce(file, long, { plan, savePlan }).catch((problem: unknown) => problem);
        expect(error).toMatchObject({ name: "RetryableError", code: "append_failed" });
        expect(String(error)).toContain("free space on its file system");
        expect(content()).toBe("before\n");
        rmSync(filler);
        await appendOnce(file, long, { plan, savePlan });
        expect(content()).toBe(`before\n${long}\n`);
      } finally {
        run("umount", disk);
      }
    },
  );

  test("keeps a successor waiting while its process is stopped between plan and line, then both agree", async () => {
    const planFile = join(directory, "plan.json");
    const child = `
      import { appendOnce } from "./append_once.ts";
      import { writeFileSync } from "node:fs";
      const [file, planFile, line] = process.argv.slice(1);
      const savePlan = async (plan) => {
        writeFileSync(planFile, JSON.stringify(plan));
        process.kill(process.pid, "SIGSTOP");
      };
      await appendOnce(file, line, { plan: null, savePlan });
    `;
    const stopped = Bun.spawn([process.execPath, "-e", child, file, planFile, LINE], {
      cwd: import.meta.dir,
      stderr: "inherit",
    });
    try {
      while (!/^State:\s+T/m.test(readFileSync(`/proc/${stopped.pid}/status`, "utf8"))) await Bun.sleep(5);
      const plan = readAppendPlan(JSON.parse(readFileSync(planFile, "utf8")));
      const options = { plan, savePlan: forget };
      const early = appendOnce(file, LINE, { ...options, lockTimeoutMs: 50 }).catch(
        (problem: unknown) => problem,
      );
      expect(await early).toMatchObject({ code: "file_locked" });
      const waiting = appendOnce(file, LINE, options);
      stopped.kill("SIGCONT");
      expect(await waiting).toEqual({ how: "found", line: LINE });
      await stopped.exited;
    } finally {
      stopped.kill("SIGKILL");
      await stopped.exited;
    }
    expect(content()).toBe(`${LINE}\n`);
  });
});

describe("a process that dies at a named point", () => {
  const child = `
    import { appendOnce } from ${JSON.stringify(join(import.meta.dir, "append_once.ts"))};
    import { readFileSync, writeFileSync } from "node:fs";
    const [file, planFile, line] = process.argv.slice(1);
    let plan = null;
    try { plan = JSON.parse(readFileSync(planFile, "utf8")); } catch {}
    const savePlan = async (next) => writeFileSync(planFile, JSON.stringify(next));
    await appendOnce(file, line, { plan, savePlan });
  `;
  const run = async (crashAt: string): Promise<number | null> => {
    const process_ = Bun.spawn([process.execPath, "-e", child, file, join(directory, "plan.json"), LINE], {
      env: { ...process.env, KLOROS_CRASH_AT: crashAt },
      stderr: "pipe",
    });
    await process_.exited;
    return process_.exitCode;
  };

  const points = Object.keys(CRASH_POINTS).filter((name) => name.startsWith("ledger."));
  test.each(points)("leaves one whole line after the redelivery: %s", async (point) => {
    writeFileSync(file, "before\n");
    expect(await run(point)).not.toBe(0);
    appendFileSync(file, '{"foreign":1}\n');
    expect(await run("")).toBe(0);
    expect(await run("")).toBe(0);
    expect(records().toSorted()).toEqual(["before", LINE, '{"foreign":1}'].toSorted());
  });
});
