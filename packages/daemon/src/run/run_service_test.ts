import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exitCode } from "../exit_codes.ts";
import { drainBoundMs } from "../running/drain.ts";
import { openNotifySocket } from "../testing/notify_socket.ts";
import { endSamples, startSample, type SampleProcess } from "../testing/sample_process.ts";
import { until } from "../testing/until.ts";

let home = "";

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "kloros-run-"));
});

afterEach(async () => {
  await endSamples();
  rmSync(home, { recursive: true, force: true });
});

async function logged(sample: SampleProcess, message: string): Promise<void> {
  await until(`"${message}" in ${sample.stdout()}${sample.stderr()}`, () =>
    sample.stdout().includes(message),
  );
}

async function get(path: string): Promise<{ status: number; body: string }> {
  const response = await fetch(`http://sample${path}`, { unix: join(home, "run", "sample.sock") });
  return { status: response.status, body: await response.text() };
}

describe("a service as a process", () => {
  test("it becomes ready, answers on its health socket and ends with 0 after SIGTERM", async () => {
    const sample = startSample(["--home", home]);
    await logged(sample, '"msg":"ready"');
    const ready = await get("/readyz");
    expect(ready.status).toBe(200);
    expect(JSON.parse(ready.body)).toMatchObject({
      ok: true,
      service: "sample",
      mode: "act",
      status: "sampling",
    });
    expect((await get("/healthz")).status).toBe(200);
    expect((await get("/metrics")).body).toContain("# TYPE kloros_process_resident_memory_bytes gauge\n");
    expect((await get("/nothing")).status).toBe(404);
    sample.kill("SIGTERM");
    expect(await sample.exited).toBe(0);
    expect(existsSync(join(home, "run", "sample.sock"))).toBe(false);
  });

  test("its directories and its home are closed to others", async () => {
    const sample = startSample(["--home", home]);
    await logged(sample, '"msg":"ready"');
    for (const name of ["run", "state"]) expect(statSync(join(home, name)).mode & 0o777).toBe(0o700);
    sample.kill("SIGINT");
    expect(await sample.exited).toBe(0);
  });

  test("a second instance on the same home ends with 75 and names the first one's pid", async () => {
    const first = startSample(["--home", home]);
    await logged(first, '"msg":"ready"');
    const second = startSample(["--home", home]);
    expect(await second.exited).toBe(exitCode("held"));
    expect(second.stdout()).toContain(`pid ${String(first.pid)}`);
  });

  test("after kill -9 the next instance starts: the kernel released the lock, the old socket is replaced", async () => {
    const first = startSample(["--home", home]);
    await logged(first, '"msg":"ready"');
    first.kill("SIGKILL");
    await first.exited;
    const second = startSample(["--home", home]);
    await logged(second, '"msg":"ready"');
    expect((await get("/healthz")).status).toBe(200);
  });

  test("a runtime directory that is deleted is made again: health answers there, and a second instance is refused", async () => {
    const first = startSample(["--home", home]);
    await logged(first, '"msg":"ready"');
    rmSync(join(home, "run"), { recursive: true });
    await logged(first, "are made again");
    expect(statSync(join(home, "run")).mode & 0o777).toBe(0o700);
    expect((await get("/readyz")).status).toBe(200);
    const second = startSample(["--home", home]);
    expect(await second.exited).toBe(exitCode("held"));
    expect(second.stdout()).toContain(`pid ${String(first.pid)}`);
    first.kill("SIGTERM");
    expect(await first.exited).toBe(0);
  });

  test("of two instances after a deleted runtime directory the one that lost its lock ends, and leaves the other alone", async () => {
    const first = startSample(["--home", home]);
    await logged(first, '"msg":"ready"');
    // The second one must come before the first one looks.
    first.kill("SIGSTOP");
    rmSync(join(home, "run"), { recursive: true });
    const second = startSample(["--home", home]);
    await logged(second, '"msg":"ready"');
    first.kill("SIGCONT");
    expect(await first.exited).toBe(exitCode("held"));
    expect(first.stdout()).toContain(`pid ${String(second.pid)}`);
    await until("the second one's health socket", () => existsSync(join(home, "run", "sample.sock")));
    expect(JSON.parse((await get("/readyz")).body)).toMatchObject({ pid: second.pid });
    second.kill("SIGTERM");
    expect(await second.exited).toBe(0);
  });

  test("SIGTERM lets the work in progress end, then cleans up", async () => {
    const sample = startSample(["--home", home, "--set", "workMs=300"], { how: "local" });
    await logged(sample, "WORKING");
    sample.kill("SIGTERM");
    expect(await sample.exited).toBe(0);
    expect(sample.stdout()).toContain("WORKED aborted=false");
    expect(sample.stdout()).toContain('"outcome":"done"');
    expect(sample.stdout()).toContain("CLEANED");
  });

  test("work that outlasts the grace is handed back", async () => {
    const sample = startSample(
      ["--home", home, "--set", "workMs=60000", "--set", "kloros.drainGraceMs=100"],
      {
        how: "local",
      },
    );
    await logged(sample, "WORKING");
    sample.kill("SIGTERM");
    expect(await sample.exited).toBe(0);
    expect(sample.stdout()).toContain('"outcome":"release"');
  });

  test("a second signal ends it at once", async () => {
    const sample = startSample(["--home", home, "--set", "workMs=60000"], { how: "local" });
    await logged(sample, "WORKING");
    sample.kill("SIGTERM");
    await logged(sample, "draining");
    sample.kill("SIGTERM");
    expect(await sample.exited).toBe(exitCode("interrupted"));
  });

  test("while the bus is away it waits, is healthy but not ready, and still ends on SIGTERM", async () => {
    const sample = startSample(["--home", home], { how: "away" });
    const ready = await until("the health socket", async () => {
      const answer = await get("/readyz").catch(() => undefined);
      return answer;
    });
    expect(ready.status).toBe(503);
    expect(ready.body).toContain("the bus is connecting");
    expect((await get("/healthz")).status).toBe(200);
    sample.kill("SIGTERM");
    expect(await sample.exited).toBe(0);
  });
});

describe("how it fails", () => {
  const failures: readonly { how: string; args: readonly string[]; code: number; says: RegExp }[] = [
    { how: "throws", args: [], code: exitCode("failed"), says: /made of cheese/ },
    { how: "crashes", args: [], code: exitCode("crashed"), says: /"level":"fatal".*nobody caught this/ },
    { how: "rejects", args: [], code: exitCode("crashed"), says: /"level":"fatal".*nobody looked/ },
    { how: "", args: ["--set", "workMs=soon"], code: exitCode("config"), says: /workMs = "soon"/ },
    { how: "", args: ["--config", "/nonexistent.toml"], code: exitCode("config"), says: /no such file/ },
    { how: "", args: ["--hmoe", "x"], code: exitCode("usage"), says: /--hmoe/ },
    { how: "", args: ["--act", "--observe"], code: exitCode("usage"), says: /exclude each other/ },
    {
      how: "",
      args: ["--home", "/nonexistent/deep/home"],
      code: exitCode("paths"),
      says: /parent directory/,
    },
    { how: "", args: ["--home", "/dev/null"], code: exitCode("paths"), says: /not a directory/ },
  ];
  test.each(failures)("$how $args ends with $code", async ({ how, args, code, says }) => {
    const sample = startSample(["--home", home, ...args], { how });
    expect(await sample.exited).toBe(code);
    expect(sample.stdout() + sample.stderr()).toMatch(says);
  });

  test("a bad configuration lists all errors at once, with file and line", async () => {
    writeFileSync(join(home, "kloros.toml"), '[kloros]\nlogLevle = "info"\n\n[sample]\nworkMs = -1\n');
    const sample = startSample(["--home", home], { env: { KLOROS_SAMPLE_WORKMS: "1" } });
    expect(await sample.exited).toBe(exitCode("config"));
    expect(sample.stderr()).toContain("3 errors");
    expect(sample.stderr()).toContain(
      "kloros.toml:2: [kloros] logLevle: is not a setting; did you mean logLevel?",
    );
    expect(sample.stderr()).toContain("kloros.toml:5: [sample] workMs = -1:");
    expect(sample.stderr()).toContain("did you mean KLOROS_SAMPLE_WORK_MS?");
  });
});

describe("what it prints on request", () => {
  test("--print-config shows values, origins and no secrets, and creates nothing", async () => {
    const file = join(home, "kloros.toml");
    writeFileSync(file, '[sample]\nworkMs = "2s"\n');
    const sample = startSample(["--home", home, "--print-config"], {
      env: { KLOROS_SAMPLE_API_KEY: "hush" },
    });
    expect(await sample.exited).toBe(0);
    expect(sample.stdout()).toContain(`workMs = 2000 # ${file}:2`);
    expect(sample.stdout()).toContain('apiKey = "[redacted]" # environment KLOROS_SAMPLE_API_KEY');
    expect(sample.stdout()).not.toContain("hush");
    expect(existsSync(join(home, "state"))).toBe(false);
  });

  test("--help names settings and exit codes, --version the version", async () => {
    const help = startSample(["--help"]);
    expect(await help.exited).toBe(0);
    expect(help.stdout()).toContain("workMs");
    expect(help.stdout()).toContain(" 75  another instance");
    const version = startSample(["--version"]);
    expect(await version.exited).toBe(0);
    expect(version.stdout()).toMatch(/^sample \d+\.\d+\.\d+\n$/);
  });
});

describe("in a home that it did not create", () => {
  test("it observes unless told to act", async () => {
    writeFileSync(join(home, "something"), "");
    const observing = startSample(["--home", home]);
    await logged(observing, '"mode":"observe"');
    observing.kill("SIGTERM");
    await observing.exited;
    const acting = startSample(["--home", home, "--act"]);
    await logged(acting, '"mode":"act"');
  });
});

describe("under systemd", () => {
  function supervised(how: string, env: Readonly<Record<string, string>> = {}) {
    mkdirSync(join(home, "h"));
    const path = join(home, "notify");
    const socket = openNotifySocket(path);
    const sample = startSample(["--home", join(home, "h")], { how, env: { NOTIFY_SOCKET: path, ...env } });
    return { socket, sample };
  }

  test("it says READY, its status, WATCHDOG at half the interval, and STOPPING", async () => {
    const { socket, sample } = supervised("", { WATCHDOG_USEC: "100000" });
    try {
      await until("three beats", () => socket.read().filter((line) => line === "WATCHDOG=1").length >= 3);
      const ready = socket.lines.indexOf("READY=1");
      expect(ready).toBeGreaterThanOrEqual(0);
      expect(socket.lines).toContain("STATUS=sampling");
      expect(socket.lines.filter((line) => line === "READY=1")).toHaveLength(1);
      sample.kill("SIGTERM");
      expect(await sample.exited).toBe(0);
      expect(socket.read()).toContain("STOPPING=1");
    } finally {
      socket.close();
    }
  });

  test("SIGHUP reads the configuration again, tells what waits for a restart, and it stays ready", async () => {
    const { socket, sample } = supervised("");
    try {
      await until("ready", () => socket.read().includes("READY=1"));
      const file = join(home, "h", "kloros.toml");
      writeFileSync(file, '[kloros]\nlogLevel = "debug"\n[sample]\nworkMs = 5\n');
      sample.kill("SIGHUP");
      await until("the second READY", () => socket.read().filter((line) => line === "READY=1").length === 2);
      await logged(sample, '"changed":["kloros.logLevel"]');
      expect(sample.stdout()).toContain('"waiting":["sample.workMs"]');
      const reloading = socket.lines.indexOf("RELOADING=1");
      expect(reloading).toBeGreaterThan(0);
      const usec = Number(/^MONOTONIC_USEC=(\d+)$/.exec(socket.lines[reloading + 1] ?? "")?.[1]);
      // The clock of `uptime`, but for the time that the machine slept.
      expect(usec).toBeGreaterThan(0);
      expect(usec / 1e6).toBeLessThanOrEqual(Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) + 1);
      writeFileSync(file, "[kloros]\nlogLevel = 7\n");
      sample.kill("SIGHUP");
      await logged(sample, "the configuration stays as it was");
      expect(sample.stdout()).toContain(`${file}:2`);
      sample.kill("SIGTERM");
      expect(await sample.exited).toBe(0);
    } finally {
      socket.close();
    }
  });

  test("a stop asks for the time that its drain may take", async () => {
    const { socket, sample } = supervised("");
    try {
      await until("ready", () => socket.read().includes("READY=1"));
      sample.kill("SIGTERM");
      expect(await sample.exited).toBe(0);
      const lines = socket.read();
      const more = lines
        .slice(lines.indexOf("STOPPING=1"))
        .find((line) => line.startsWith("EXTEND_TIMEOUT_USEC="));
      expect(more).toBe(`EXTEND_TIMEOUT_USEC=${String((drainBoundMs(10_000) + 3000) * 1000)}`);
    } finally {
      socket.close();
    }
  });

  test("it is not READY while the bus is away, and asks for more time", async () => {
    const { socket, sample } = supervised("away");
    try {
      await until("more time", () => socket.read().find((line) => line.startsWith("EXTEND_TIMEOUT_USEC=")));
      await until("an attempt", () => sample.stdout().includes("bus: connecting"));
      expect(socket.read()).not.toContain("READY=1");
    } finally {
      socket.close();
    }
  });
});
