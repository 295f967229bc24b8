/**
 * Compiled programs do what they do from source, in a directory without node_modules and with nothing of the clone
 * on their way. Builds two of them; `KLOROS_BUILD_ALL=1` builds every service.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import manifest from "../../package.json" with { type: "json" };

const ROOT = resolve(import.meta.dirname, "../..");
const BUILD_MS_MAX = 180_000;
const START_MS_MAX = 15_000;
const STOP_MS_MAX = 5000;
const SERVICES = readdirSync(join(ROOT, "services")).toSorted();
const DREAM_RUNNER = "kloros-dream";
const ALL = process.env["KLOROS_BUILD_ALL"] === "1";
const ALONE = ALL ? SERVICES : ["chemical-bus"];

let folder: string;
let dist: string;
/** Where they run: an empty directory with what would mislead a program that reads its surroundings. */
let elsewhere: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "compiled-"));
  dist = join(folder, "dist");
  elsewhere = join(folder, "elsewhere");
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, "bunfig.toml"), 'preload = ["./nowhere.ts"]\n');
  writeFileSync(join(elsewhere, ".env"), "KLOROS_NONSENSE=1\n");
  const only = [...ALONE, "kloros"].flatMap((name) => ["--only", name]);
  const build = Bun.spawn([process.execPath, join(ROOT, "scripts/src/build.ts"), "--out", dist, ...only], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  expect(await build.exited).toBe(0);
}, BUILD_MS_MAX);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(program: string, args: readonly string[]) {
  return Bun.spawn([join(dist, program), ...args], {
    cwd: elsewhere,
    env: { HOME: join(folder, "user"), PATH: "/usr/bin:/bin" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
}

async function run(
  program: string,
  ...args: string[]
): Promise<{ code: number; out: string; error: string }> {
  const child = start(program, args);
  const [out, error, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, out, error };
}

async function isReady(runtime: string): Promise<boolean> {
  for (const name of readdirSync(runtime)) {
    const unix = join(runtime, name);
    if (!statSync(unix).isSocket()) continue;
    const answer = await fetch("http://service/readyz", { unix, signal: AbortSignal.timeout(500) }).catch(
      () => undefined,
    );
    if (answer?.ok === true) return true;
  }
  return false;
}

async function waitUntilReady(runtime: string, child: Bun.Subprocess): Promise<void> {
  const deadline = performance.now() + START_MS_MAX;
  while (!(await isReady(runtime).catch(() => false))) {
    if (child.exitCode !== null)
      throw new Error(`the program ended with ${child.exitCode} before it was ready`);
    if (performance.now() > deadline) throw new Error(`the program was not ready within ${START_MS_MAX} ms`);
    await Bun.sleep(20);
  }
}

/**
 * Runs a compiled bus on a home of its own until it is ready, then `work`, then asks it to stop. It has to end well and
 * soon: a thread that is missing in the program shows as an answer that never comes, and a drain that takes its whole grace.
 */
async function withBus<T>(program: string, work: (flags: readonly string[]) => Promise<T>): Promise<T> {
  const home = mkdtempSync(join(folder, "home-"));
  // A short path of its own: socket paths may have 107 bytes.
  const runtime = mkdtempSync(join(tmpdir(), "k-"));
  chmodSync(runtime, 0o700);
  const flags = ["--home", home, "--runtime", runtime];
  const bus = start(program, [...flags, "--set", "liveEndpoints=[]"]);
  const said = Promise.all([bus.stdout.text(), bus.stderr.text()]);
  try {
    await waitUntilReady(runtime, bus);
    const result = await work(flags);
    bus.kill("SIGTERM");
    expect(await Promise.race([bus.exited, Bun.sleep(STOP_MS_MAX)])).toBe(0);
    return result;
  } catch (error) {
    bus.kill("SIGKILL");
    throw new Error(`${String(error)}; the bus said:\n${(await said).join("")}`, { cause: error });
  } finally {
    bus.kill("SIGKILL");
    await bus.exited;
    rmSync(runtime, { recursive: true, force: true });
  }
}

describe("a service that was compiled alone", () => {
  test.each(ALONE)("%s tells its version and how it is used", async (name) => {
    expect(await run(`bin/${name}`, "--version")).toMatchObject({
      code: 0,
      out: expect.stringContaining(manifest.version),
    });
    expect(await run(`bin/${name}`, "--help")).toMatchObject({
      code: 0,
      out: expect.stringContaining("--home"),
    });
  });

  test("refuses a flag that it does not know", async () => {
    const { code, out, error } = await run("bin/chemical-bus", "--hmoe", "x");
    expect(code).not.toBe(0);
    expect(out + error).toContain("--hmoe");
  });

  test("runs: libzmq and the journal's threads are in it", async () => {
    await withBus("bin/chemical-bus", async () => undefined);
  }, 60_000);
});

describe("the multi-call program", () => {
  test("is one file, with a link per service and for the D-REAM runner", () => {
    const files = readdirSync(join(dist, "multicall"), { withFileTypes: true });
    const links = files.filter((file) => file.isSymbolicLink()).map((file) => file.name);
    expect(links.toSorted()).toEqual([...SERVICES, DREAM_RUNNER].toSorted());
    expect(files.filter((file) => file.isFile()).map((file) => file.name)).toEqual(["kloros"]);
  });

  test.each(SERVICES)("called as %s it is that service", async (name) => {
    const { code, out } = await run(`multicall/${name}`, "--help");
    expect(code).toBe(0);
    expect(out).toContain(name);
    expect(out).toContain("--home");
  });

  test("called by its own name it is the operator's command", async () => {
    expect(await run("multicall/kloros", "--version")).toMatchObject({
      code: 0,
      out: expect.stringContaining(manifest.version),
    });
    expect(await run("multicall/kloros", "--help")).toMatchObject({
      code: 0,
      out: expect.stringContaining("status"),
    });
  });

  test("asks a bus that is itself under another name", async () => {
    const status = await withBus("multicall/chemical-bus", (flags) =>
      run("multicall/kloros", "status", ...flags, "--json"),
    );
    expect(status).toMatchObject({ code: 0 });
    expect(() => JSON.parse(status.out) as unknown).not.toThrow();
  }, 60_000);
});

describe("the D-REAM runner in the multi-call program", () => {
  const EVALUATOR = "export const evaluate = ({ x }: { x: number }) => ({ score: -((x - 3) ** 2) });\n";
  const EXPERIMENTS = `experiments:
  - name: parabola
    search_space: {x: [1, 2, 3, 4, 5]}
    evaluator: {path: evaluator.ts, symbol: evaluate}
    budget: {max_candidates: 5}
    metrics: {target_direction: {score: up}}
`;

  test.each([
    ["multicall/kloros-dream", []],
    ["multicall/kloros", ["dream"]],
  ] as const)(
    "%s %j runs a cycle with an evaluator in TypeScript, which no other program is needed for",
    async (program, before) => {
      const place = mkdtempSync(join(folder, "dream-"));
      writeFileSync(join(place, "evaluator.ts"), EVALUATOR);
      writeFileSync(join(place, "dream.yaml"), EXPERIMENTS);
      const places = ["--config", join(place, "dream.yaml"), "--artifacts", join(place, "artifacts")];
      expect(await run(program, ...before, "run", ...places)).toMatchObject({ code: 0 });
      const winner = (await Bun.file(join(place, "artifacts/winners/parabola.json")).json()) as unknown;
      expect(winner).toMatchObject({ best: { params: { x: 3 }, metrics: { score: 0 } } });
    },
  );
});
