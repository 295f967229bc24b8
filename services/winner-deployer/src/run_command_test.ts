import { afterAll, describe, expect, test } from "bun:test";
import { until } from "@kloros/daemon/testing";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "./run_command.ts";

const directory = mkdtempSync(join(tmpdir(), "kloros-command-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const run = (script: string, timeoutMs = 15_000, abort = new AbortController().signal) =>
  runCommand(["sh", "-c", script], { timeoutMs, abort, graceMs: 100 });

/** Also false for a process that ended and is not waited for yet. */
function lives(pid: number): boolean {
  const stat = `/proc/${String(pid)}/stat`;
  return existsSync(stat) && !/\) [ZX] /.test(readFileSync(stat, "utf8"));
}

const pidIn = (name: string): number => Number(readFileSync(join(directory, name), "utf8"));

describe("a command", () => {
  test("that exits with 0 succeeds", async () => {
    expect(await run("exit 0")).toEqual({ ok: true });
  });

  test("that fails says how, and its last words", async () => {
    expect(await run("echo no model >&2; exit 3")).toEqual({ ok: false, reason: "exited with 3: no model" });
  });

  test("that is no program says so", async () => {
    const abort = new AbortController().signal;
    const result = await runCommand([join(directory, "none")], { timeoutMs: 15_000, abort });
    expect(result.ok ? "" : result.reason).toContain("cannot be started");
  });

  test("gets no shell: an argument is an argument", async () => {
    const abort = new AbortController().signal;
    const argv = ["test", "$(exit 1); #", "=", "$(exit 1); #"];
    expect(await runCommand(argv, { timeoutMs: 15_000, abort })).toEqual({ ok: true });
  });

  test("that hangs and ignores SIGTERM is stopped with all it started", async () => {
    const script = `trap '' TERM; (trap '' TERM; sleep 60) & echo $! > ${directory}/hung; wait; sleep 60`;
    const result = await run(script, 2000);
    expect(result).toMatchObject({ ok: false });
    expect(result.ok ? "" : result.reason).toContain("did not end within 2000 ms");
    await until("the grandchild to end", () => !lives(pidIn("hung")));
  });

  test("that succeeds and leaves a grandchild with its pipes open does not last longer, and the grandchild ends", async () => {
    expect(await run(`sleep 600 & echo $! > ${directory}/left`)).toEqual({ ok: true });
    await until("the grandchild to end", () => !lives(pidIn("left")));
  });

  test("whose output is endless keeps its last words only", async () => {
    const result = await run("yes | head -c 300000; echo end; exit 1");
    expect(result.ok ? "" : result.reason).toEndWith("end");
    expect(result.ok ? "" : result.reason.length).toBeLessThan(2100);
  });

  test("ends when its work is not ours any more", async () => {
    const controller = new AbortController();
    const running = run(`echo $$ > ${directory}/aborted; sleep 60`, 30_000, controller.signal).then(
      () => "",
      (error: unknown) => String(error),
    );
    await until("it to run", () => existsSync(join(directory, "aborted")) && pidIn("aborted") > 0);
    controller.abort(new Error("the lease is lost"));
    expect(await running).toContain("the lease is lost");
    await until("it to end", () => !lives(pidIn("aborted")));
  });
});
