/** A file system in odd shapes, and one that fails at the worst moment: each cycle is answered, nothing else is touched. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { TerminalError } from "@kloros/bus-client";
import type { Envelope } from "@kloros/signal-schema";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listWinners } from "./list_winners.ts";
import { notedCommand, openWorkbench, WINNER } from "./testing/workbench.ts";
import type { Workbench, WorkbenchOptions } from "./testing/workbench.ts";

const ENV = "KLR_TTS_SPEED=1.0\n";
let bench: Workbench;
beforeEach(() => {
  bench = openWorkbench();
  bench.setEnv(ENV);
});
afterEach(() => bench.remove());
function reopen(config: WorkbenchOptions["config"]): void {
  bench = openWorkbench({ root: bench.root, ...(config === undefined ? {} : { config }) });
}

const errorOf = (signals: readonly Envelope[]): string => String(signals[0]?.facts["error"]);
const target = (): string => bench.paths.environmentFile;

describe("in the place of the environment file", () => {
  test("a link that leads nowhere stays, and is told", async () => {
    rmSync(target());
    symlinkSync("mount/env", target());
    expect(errorOf(await bench.cycle([WINNER]))).toContain("it is a link, and what it leads to is missing");
    expect(readlinkSync(target())).toBe("mount/env");
  });

  test("a pipe is not waited for", async () => {
    rmSync(target());
    Bun.spawnSync(["mkfifo", target()]);
    // In a process of its own: one that waits for the pipe could not be told from one that works.
    const program = `import { readEnv } from ${JSON.stringify(join(import.meta.dir, "env_store.ts"))};
      try { readEnv(${JSON.stringify(target())}) } catch (error) { console.log(String(error)) }`;
    const child = Bun.spawn([process.execPath, "-e", program], {
      stdout: "pipe",
      timeout: 15_000,
      killSignal: "SIGKILL",
    });
    expect(await new Response(child.stdout).text()).toContain("it is no regular file");
  });

  test("a file of several names is not torn from them", async () => {
    linkSync(target(), join(bench.root, "twin"));
    expect(errorOf(await bench.cycle([WINNER]))).toContain("it has 2 names (hard links)");
    expect(readFileSync(join(bench.root, "twin"), "utf8")).toBe(ENV);
  });
});

describe("mode and owner of the file", () => {
  test.if(process.getuid?.() === 0)("are kept by root", async () => {
    chownSync(target(), 1234, 4321);
    chmodSync(target(), 0o640);
    await bench.cycle([WINNER]);
    expect(statSync(target())).toMatchObject({ uid: 1234, gid: 4321, mode: 0o100640 });
  });

  test.if(process.getuid?.() === 0)("never let a group read what it could not", async () => {
    const root = mkdtempSync(join(tmpdir(), "kloros-deployer-group-"));
    chmodSync(root, 0o777);
    try {
      const run = async (groups: string): Promise<ReturnType<typeof statSync>> => {
        const file = join(root, `env${groups}`);
        writeFileSync(file, "A=1\n", { mode: 0o664 });
        chownSync(file, 1234, 4321);
        chmodSync(file, 0o664);
        const program = `import { readEnv, replaceEnv } from ${JSON.stringify(join(import.meta.dir, "env_store.ts"))};
          process.umask(0);
          process.setgroups(${groups}); process.setgid(5000); process.setuid(5000);
          await replaceEnv(${JSON.stringify(file)}, "A=2\\n", readEnv(${JSON.stringify(file)}).sha256);`;
        const child = Bun.spawn([process.execPath, "-e", program], { stderr: "inherit" });
        await child.exited;
        expect(readFileSync(file, "utf8")).toBe("A=2\n");
        return statSync(file);
      };
      expect(await run("[4321]")).toMatchObject({ uid: 5000, gid: 4321, mode: 0o100664 });
      expect(await run("[]")).toMatchObject({ uid: 5000, gid: 5000, mode: 0o100604 });
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

describe("a cycle is answered, and the file is as it was", () => {
  test("when a command is too long to be started", async () => {
    reopen({ reloadCommand: ["true", "x".repeat(200_000)] });
    expect(errorOf(await bench.cycle([WINNER]))).toContain("the reload command cannot be started");
    expect(bench.env()).toBe(ENV);
  });

  test("when a command says more than others may know", async () => {
    reopen({ validationCommand: ["sh", "-c", "echo get https://me:hunter2@example.org failed; exit 1"] });
    const signals = await bench.cycle([WINNER]);
    expect(errorOf(signals)).toContain("get https://me:[redacted]@example.org failed");
    expect(JSON.stringify([signals, bench.said, await listWinners(bench.paths)])).not.toContain("hunter2");
  });

  test("when the journal refuses the plan for good", async () => {
    const id = bench.postCycle([WINNER]);
    bench.refusePlans(new TerminalError("plan_refused", "plan refused"));
    expect(errorOf(await bench.deliver(id))).toContain("plan refused");
    expect(bench.env()).toBe(ENV);
  });

  test("when something unknown goes wrong until the last attempt", async () => {
    const id = bench.postCycle([WINNER]);
    bench.refusePlans(new RangeError("nobody foresaw this"));
    expect(String(await bench.deliver(id).catch((error: unknown) => error))).toContain("nobody foresaw this");
    bench.setAttempt(id, 10);
    expect(errorOf(await bench.deliver(id))).toContain("nobody foresaw this");
  });

  test("and not when the delivery went to somebody else on its last attempt", async () => {
    reopen({ validationCommand: notedCommand(bench.root, "v", "sleep 60") });
    const id = bench.postCycle([WINNER]);
    bench.setAttempt(id, 10);
    const lost = new AbortController();
    setTimeout(() => lost.abort(new RangeError("stopped")), 100);
    expect(String(await bench.deliver(id, lost.signal).catch((error: unknown) => error))).toContain(
      "stopped",
    );
    expect(bench.letter(id).emitted).toBeNull();
  });
});

test("new values that could not be taken back are told, with the copy from before", async () => {
  const block = `mkdir -p '${join(bench.paths.home, "..kloros_env.kloros-tmp/x")}'; exit 1`;
  reopen({ validationCommand: notedCommand(bench.root, "v", block) });
  const id = bench.postCycle([WINNER]);
  await bench.deliver(id).catch(() => undefined);
  bench.setAttempt(id, 10);
  const error = errorOf(await bench.deliver(id));
  expect(error).toContain(`new values may still stand in ${target()}, a copy from before is `);
  const copy = /copy from before is (\S+);/.exec(error)?.[1] ?? "";
  expect(readFileSync(copy, "utf8")).toBe(ENV);
});

test("values that stand there already, from a deployment that failed and could not be taken back, are validated too", async () => {
  reopen({ validationCommand: notedCommand(bench.root, "v", "exit 1") });
  bench.setEnv("KLR_TTS_SPEED=1.5\n");
  expect(errorOf(await bench.cycle([WINNER]))).toContain("the validation command exited with 1");
  expect(bench.env()).toBe("KLR_TTS_SPEED=1.5\n");
});

test("what may not be set any more is not written by a run after a crash", async () => {
  const id = bench.postCycle([WINNER]);
  bench.refusePlans(new RangeError("crash"), "after");
  await bench.deliver(id).catch(() => undefined);
  expect(bench.letter(id).plan).not.toBeNull();
  reopen({ allow: [] });
  expect(errorOf(await bench.deliver(id))).toContain("KLR_TTS_SPEED");
  expect(bench.env()).toBe(ENV);
  expect(await listWinners(bench.paths)).toMatchObject([{ state: "failed" }]);
});

test("a directory that cannot be made is not the end of the answer", async () => {
  rmSync(join(bench.paths.state), { recursive: true });
  writeFileSync(bench.paths.state, "");
  const id = bench.postCycle([WINNER]);
  bench.setAttempt(id, 10);
  expect((await bench.deliver(id)).at(-1)?.signal).toBe("Q_DEPLOYMENT_COMPLETE");
  expect(bench.env()).toBe(ENV);
  rmSync(bench.paths.state);
  mkdirSync(bench.paths.state);
  expect(existsSync(bench.paths.dreamArtifacts)).toBe(true);
});
