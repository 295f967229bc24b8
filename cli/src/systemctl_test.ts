import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Systemctl } from "./systemctl.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "systemctl-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Answers as systemd 252 does; the real one is asked in tests/systemd. */
function answering(script: string, mode: "system" | "user" = "system", timeoutMs?: number): Systemctl {
  writeFileSync(join(dir, "systemctl"), `#!/bin/sh\necho "$@" >> ${dir}/calls\n${script}\n`);
  chmodSync(join(dir, "systemctl"), 0o755);
  return new Systemctl({
    mode,
    env: { PATH: `${dir}:/usr/bin:/bin`, XDG_RUNTIME_DIR: dir },
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}

async function message(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "no error",
    (error: unknown) => (error as Error).message,
  );
}

describe("systemctl", () => {
  test("is called with the verb and its units, for a user's own manager with --user", async () => {
    await answering("").run("restart", "a.service", "b.service");
    await answering("", "user").daemonReload();
    expect(readFileSync(join(dir, "calls"), "utf8")).toBe(
      "--no-pager restart a.service b.service\n--user --no-pager daemon-reload\n",
    );
  });

  test("properties are read by name, whatever stands in their values", async () => {
    const one = answering("printf 'MainPID=12\\nExecStart={ path=/x ; argv[]=/x --a=b ; }\\n'");
    expect(await one.show("a.service", ["ExecStart", "MainPID", "Result"])).toEqual({
      ExecStart: "{ path=/x ; argv[]=/x --a=b ; }",
      MainPID: "12",
      Result: "",
    });
  });

  test("only what is ready is active", async () => {
    expect(await answering("echo ActiveState=activating").isActive("a")).toBe(false);
    expect(await answering("echo ActiveState=active").isActive("a")).toBe(true);
  });

  test("whether a unit is enabled is an answer, also when it is not", async () => {
    expect(await answering("echo disabled; exit 1").isEnabled("a")).toBe("disabled");
    const missing = "echo 'Failed to get unit file state for a: No such file or directory' >&2; exit 1";
    expect(await answering(missing).isEnabled("a")).toBe("not-found");
  });

  test.each([
    ["Failed to restart a: Interactive authentication required.", "run this as root"],
    ["System has not been booted with systemd as init system (PID 1). Can't operate.", "--root DIR"],
    ["Failed to connect to bus: No medium found", "loginctl enable-linger"],
    ["Job for a.service failed.", "`systemctl restart a` failed: Job for a.service failed."],
  ])("what it complains about is passed on, with what to do: %s", async (complaint, advice) => {
    const one = answering(`echo "${complaint}" >&2; exit 1`);
    const said = await message(one.run("restart", "a"));
    expect(said).toContain(complaint);
    expect(said).toContain(advice);
  });

  test("a call that does not end is ended, and said", async () => {
    expect(await message(answering("exec sleep 60", "system", 100).run("stop", "a"))).toContain(
      "did not end within 0.1 s",
    );
  });

  test("without systemd it says so", async () => {
    const none = new Systemctl({ mode: "system", env: { PATH: dir } });
    expect(await message(none.run("start", "a"))).toContain("there is no systemctl in PATH");
    expect(await none.missing()).toContain("no systemctl");
    expect(await answering("echo offline; exit 1").missing()).toContain("offline");
    expect(await answering("echo degraded; exit 1").missing()).toBeUndefined();
  });
});
