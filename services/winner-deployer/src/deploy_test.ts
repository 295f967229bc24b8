import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { RetryableError } from "@kloros/bus-client";
import type { Envelope } from "@kloros/signal-schema";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { listWinners } from "./list_winners.ts";
import { notedCommand, openWorkbench, runsOf, WINNER } from "./testing/workbench.ts";
import type { Workbench, WorkbenchOptions } from "./testing/workbench.ts";

const ENV = "# voice\nexport KLR_TTS_SPEED=1.0   # words\r\nOTHER='x'\nVLLM_TEMPERATURE=\"0.7\"";
const AFTER = ENV.replace("=1.0 ", "=1.5 ");
const SECOND = { ...WINNER, experiment: "llm", hash: "00000000000000bb", params: { temperature: 0.2 } };

let bench: Workbench;
function open(options: WorkbenchOptions = {}): Workbench {
  bench.remove();
  bench = openWorkbench(options);
  bench.setEnv(ENV);
  return bench;
}
beforeEach(() => {
  bench = openWorkbench();
  bench.setEnv(ENV);
});
afterEach(() => bench.remove());

const names = (signals: readonly Envelope[]): string[] => signals.map(({ signal }) => signal);
const complete = (signals: readonly Envelope[]): unknown => signals.at(-1)?.facts;
const records = async () => listWinners(bench.paths);
const ack = (name: string): unknown =>
  JSON.parse(readFileSync(join(bench.paths.dreamArtifacts, "promotions_ack", `${name}.ack.json`), "utf8"));
const backups = (): string[] => {
  const directory = join(bench.paths.state, "env_backups");
  return existsSync(directory) ? readdirSync(directory).toSorted() : [];
};

describe("a cycle's winner", () => {
  test("stands in the file, is told, recorded, acknowledged, backed up", async () => {
    const signals = await bench.cycle([WINNER]);
    expect(bench.env()).toBe(AFTER);
    expect(names(signals)).toEqual(["Q_WINNER_DEPLOYED", "Q_DEPLOYMENT_COMPLETE"]);
    expect(signals[0]?.facts).toMatchObject({
      dream_cycle_id: "1763116200",
      winners_deployed: 1,
      winners: [{ experiment: "tts", hash: WINNER.hash, keys: ["KLR_TTS_SPEED"] }],
    });
    expect(complete(signals)).toEqual({
      run_tag: "1763116200",
      deployed: 1,
      held: 0,
      skipped: 0,
      failed: 0,
      promotion_ids: ["tts@0123456789ab"],
      cycle_success: true,
    });
    expect(await records()).toEqual([
      {
        id: `tts:${WINNER.hash}`,
        experiment: "tts",
        hash: WINNER.hash,
        state: "deployed",
        when: expect.any(String),
        run_tag: "1763116200",
        fitness: 0.8,
        params: { speed: 1.5 },
        metrics: { response_latency_ms: 900 },
        keys: [{ key: "KLR_TTS_SPEED", old: "1.0", new: "1.5" }],
        reason: "written, read back and validated",
      },
    ]);
    expect(ack(`tts_${WINNER.hash}`)).toEqual({
      promotion_id: `tts_${WINNER.hash}`,
      applied_at: expect.any(Number),
      status: "applied",
      changes: { KLR_TTS_SPEED: { old: "1.0", new: "1.5" } },
    });
    const [backup = ""] = backups();
    const file = join(bench.paths.state, "env_backups", backup);
    expect(readFileSync(file, "utf8")).toBe(ENV);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(bench.gauges.get("winners deployed")).toBe(1);
    expect(readdirSync(bench.paths.home).filter((name) => name.includes("tmp"))).toEqual([]);
  });

  test("is deployed once: the same winner again is skipped", async () => {
    await bench.cycle([WINNER]);
    bench.setEnv(ENV);
    expect(complete(await bench.cycle([WINNER]))).toMatchObject({ deployed: 0, skipped: 1 });
    expect(bench.env()).toBe(ENV);
  });

  test("of another experiment with the same hash is another winner", async () => {
    await bench.cycle([WINNER]);
    const twin = { ...SECOND, hash: WINNER.hash };
    expect(complete(await bench.cycle([twin]))).toMatchObject({ deployed: 1 });
  });

  test("of a failed cycle is not looked at, and the cycle is answered all the same", async () => {
    const failed = { success: false, outcome: "failed" as const };
    expect(await bench.cycle([WINNER], failed)).toMatchObject([
      { signal: "Q_DEPLOYMENT_COMPLETE", facts: { deployed: 0, cycle_success: false } },
    ]);
    const coalesced = { success: false, outcome: "coalesced" as const, run_tag: null, winners: [] };
    expect(names(await bench.cycle([], coalesced))).toEqual(["Q_DEPLOYMENT_COMPLETE"]);
    expect(bench.env()).toBe(ENV);
  });

  test("below the needed autonomy waits, and says so everywhere", async () => {
    open({ config: { autonomyLevel: 0 } });
    const signals = await bench.cycle([WINNER]);
    expect(names(signals)).toEqual(["Q_DEPLOYMENT_COMPLETE"]);
    expect(complete(signals)).toMatchObject({ held: 1, deployed: 0 });
    expect(bench.env()).toBe(ENV);
    const reason = "autonomy level 0 is below 2: waits for approval";
    const keys = [{ key: "KLR_TTS_SPEED", old: "1.0", new: "1.5" }];
    expect(await records()).toMatchObject([{ state: "held", reason, keys }]);
    expect(ack(`tts_${WINNER.hash}`)).toMatchObject({ status: "blocked", reason, changes: {} });
    expect(bench.said.join("\n")).toContain(`warn: winner held for approval`);
    expect(bench.statusLine()).toContain("1 held for approval");
    expect(bench.gauges.get("winners held")).toBe(1);
  });

  test("that is blocked is told as a failure, nothing is changed", async () => {
    const bad = { ...WINNER, metrics: { hallucination_rate: 0.9 } };
    const signals = await bench.cycle([bad, SECOND]);
    expect(names(signals)).toEqual(["Q_WINNER_DEPLOYED", "Q_DEPLOYMENT_FAILED", "Q_DEPLOYMENT_COMPLETE"]);
    expect(signals[1]?.facts).toMatchObject({
      failures: 1,
      winners: [{ experiment: "tts", rolled_back: false }],
    });
    expect(bench.env()).toBe(ENV.replace('"0.7"', '"0.2"'));
  });

  test("that wants another value for a key of this cycle is held", async () => {
    const rival = { ...SECOND, params: { speed: 2 } };
    expect(complete(await bench.cycle([WINNER, rival]))).toMatchObject({ deployed: 1, held: 1 });
    expect(bench.env()).toBe(AFTER);
    expect((await records())[1]?.reason).toContain("tts sets KLR_TTS_SPEED to another value");
  });

  test("in observe mode is only talked about", async () => {
    const observer = openWorkbench({ root: bench.root, mode: "observe" });
    expect(await observer.cycle([WINNER])).toEqual([]);
    expect(bench.env()).toBe(ENV);
    expect(observer.said.join("\n")).toContain("would deploy a winner");
    expect(readdirSync(bench.paths.home).toSorted()).toEqual([".kloros_env", "state"]);
  });

  test("whose key looks secret is not shown in record, acknowledgement and log", async () => {
    open({ config: { allow: [{ key: "TTS_TOKEN", type: "string" }] } });
    bench.setEnv("TTS_TOKEN=hunter1\n");
    writeFileSync(bench.paths.dreamConfig, MAPPING.replace("NAME", "TTS_TOKEN"));
    await bench.cycle([{ ...WINNER, params: { token: "hunter2" } }]);
    expect(bench.env()).toBe("TTS_TOKEN=hunter2\n");
    expect((await records())[0]?.keys).toEqual([{ key: "TTS_TOKEN", old: "[redacted]", new: "[redacted]" }]);
    expect(JSON.stringify([ack(`tts_${WINNER.hash}`), bench.said])).not.toContain("hunter");
  });
});

const MAPPING = `experiments:
  - name: tts
    enabled: true
    search_space: { token: [a, b] }
    evaluator: { path: ./e.py, symbol: evaluate }
    budget: { wallclock_sec: 10, max_candidates: 4, max_generations: 1 }
    metrics: { target_direction: { m: up } }
    param_mapping: { token: NAME }
fitness_aggregation: { method: weighted_sum, weights: { m: 1 } }
`;

describe("reload and validation", () => {
  test("run after the write, in this order, once", async () => {
    const { root } = bench;
    const log = join(root, "commands/order");
    const script = (name: string): string[] => [
      "sh",
      "-c",
      `grep -c 1.5 "$1" >> ${log}; echo ${name} >> ${log}`,
      "x",
      bench.paths.environmentFile,
    ];
    const again = openWorkbench({
      root,
      config: { reloadCommand: script("reload"), validationCommand: script("validate") },
    });
    await again.cycle([WINNER]);
    expect(readFileSync(log, "utf8")).toBe("1\nreload\n1\nvalidate\n");
  });

  test("that fails takes everything back byte for byte, reloads, and tells", async () => {
    const { root } = bench;
    const again = openWorkbench({
      root,
      config: {
        reloadCommand: notedCommand(root, "reload"),
        validationCommand: notedCommand(root, "validate", "echo worse; exit 1"),
      },
    });
    const signals = await again.cycle([WINNER]);
    expect(bench.env()).toBe(ENV);
    expect(names(signals)).toEqual(["Q_DEPLOYMENT_FAILED", "Q_DEPLOYMENT_COMPLETE"]);
    expect(signals[0]?.facts).toMatchObject({
      failures: 1,
      winners: [
        { rolled_back: true, reason: expect.stringContaining("the validation command exited with 1: worse") },
      ],
    });
    expect(runsOf(root, "reload")).toBe(2);
    expect(await records()).toMatchObject([{ state: "failed", keys: [] }]);
  });

  test("that hangs is stopped at its limit and counts as failed", async () => {
    open({ config: { reloadCommand: ["sleep", "60"], reloadTimeoutMs: 100 } });
    const [failed] = await bench.cycle([WINNER]);
    expect(JSON.stringify(failed?.facts)).toContain("did not end within 100 ms");
    expect(bench.env()).toBe(ENV);
  });

  test("that fails for several winners together is tried with each alone", async () => {
    const env = bench.paths.environmentFile;
    const check = `! grep -q '"0.2"' '${env}'`;
    const again = openWorkbench({
      root: bench.root,
      config: { validationCommand: notedCommand(bench.root, "v", check) },
    });
    const signals = await again.cycle([WINNER, SECOND]);
    expect(complete(signals)).toMatchObject({ deployed: 1, failed: 1 });
    expect(bench.env()).toBe(AFTER);
    expect(runsOf(bench.root, "v")).toBe(3);
  });

  test("beside somebody else's change puts back only our keys, and says so", async () => {
    const env = bench.paths.environmentFile;
    const again = openWorkbench({
      root: bench.root,
      config: { validationCommand: ["sh", "-c", `sed -i s/OTHER/THEIRS/ '${env}'; exit 1`] },
    });
    const [failed] = await again.cycle([WINNER]);
    expect(bench.env()).toBe(ENV.replace("OTHER", "THEIRS"));
    expect(JSON.stringify(failed?.facts)).toContain("changed by somebody else meanwhile: only the keys");
  });

  test("beside somebody else's value for our key leaves theirs, and is no success", async () => {
    const env = bench.paths.environmentFile;
    const again = openWorkbench({
      root: bench.root,
      config: { validationCommand: ["sh", "-c", `sed -i s/SPEED=1.5/SPEED=3/ '${env}'`] },
    });
    const signals = await again.cycle([WINNER]);
    expect(names(signals)).toEqual(["Q_DEPLOYMENT_FAILED", "Q_DEPLOYMENT_COMPLETE"]);
    expect(signals[0]?.facts).toMatchObject({ winners: [{ rolled_back: false }] });
    expect(bench.env()).toContain("SPEED=3");
  });
});

describe("the environment file", () => {
  const broken: readonly [name: string, bytes: Uint8Array | string, what: string][] = [
    [
      "that is not UTF-8",
      Buffer.from([0x41, 0x3d, 0x31, 0x0a, 0x42, 0x3d, 0xe9, 0x0a]),
      "line 2 is not UTF-8",
    ],
    ["with a line that is no assignment", "A=1\nfi\n", "line 2 is neither KEY=value nor a comment"],
    ["with an open quote", "A='1\n", "line 1 opens a '"],
  ];
  test.each(broken)("%s stays as it is; the error names file, line and remedy", async (_, bytes, what) => {
    writeFileSync(bench.paths.environmentFile, bytes);
    const signals = await bench.cycle([WINNER]);
    expect(names(signals)).toEqual(["Q_DEPLOYMENT_FAILED", "Q_DEPLOYMENT_COMPLETE"]);
    expect(String(signals[0]?.facts["error"])).toContain(
      `cannot edit ${bench.paths.environmentFile}: ${what}`,
    );
    expect(Buffer.compare(readFileSync(bench.paths.environmentFile), Buffer.from(bytes))).toBe(0);
    bench.setEnv(ENV);
    expect(complete(await bench.cycle([WINNER]))).toMatchObject({ deployed: 1 });
  });

  test("with a directory in its place is told apart", async () => {
    rmSync(bench.paths.environmentFile);
    mkdirSync(bench.paths.environmentFile);
    const [failed] = await bench.cycle([WINNER]);
    expect(String(failed?.facts["error"])).toContain("a directory stands in its place");
  });

  test("is created when there is none, private, and goes again when it is taken back", async () => {
    rmSync(bench.paths.environmentFile);
    await bench.cycle([WINNER]);
    expect(bench.env()).toBe("KLR_TTS_SPEED=1.5\n");
    expect(statSync(bench.paths.environmentFile).mode & 0o777).toBe(0o600);
    await bench.decide("rollback", WINNER);
    expect(existsSync(bench.paths.environmentFile)).toBe(false);
  });

  test("keeps its mode, and a link stays a link", async () => {
    const target = join(bench.root, "target_env");
    writeFileSync(target, ENV);
    chmodSync(target, 0o640);
    rmSync(bench.paths.environmentFile);
    symlinkSync(target, bench.paths.environmentFile);
    await bench.cycle([WINNER]);
    expect(readFileSync(target, "utf8")).toBe(AFTER);
    expect(statSync(target).mode & 0o777).toBe(0o640);
  });

  test("that has the values already is not written, nothing is reloaded", async () => {
    const again = openWorkbench({
      root: bench.root,
      config: { reloadCommand: notedCommand(bench.root, "r") },
    });
    bench.setEnv(AFTER);
    expect(names(await again.cycle([WINNER]))).toEqual(["Q_WINNER_DEPLOYED", "Q_DEPLOYMENT_COMPLETE"]);
    expect(bench.env()).toBe(AFTER);
    expect(runsOf(bench.root, "r")).toBe(0);
    expect(backups()).toEqual([]);
  });

  test("that cannot be written is tried again; on the last attempt the cycle is answered all the same", async () => {
    // A directory in the place of the temporary file: the write fails, whoever runs the test.
    mkdirSync(join(bench.paths.home, "..kloros_env.kloros-tmp/x"), { recursive: true });
    const id = bench.postCycle([WINNER]);
    const failure: unknown = await bench.deliver(id).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RetryableError);
    expect(String(failure)).toContain(`cannot write ${bench.paths.environmentFile}`);
    bench.setAttempt(id, 10);
    const signals = await bench.deliver(id);
    expect(names(signals)).toEqual(["Q_DEPLOYMENT_FAILED", "Q_DEPLOYMENT_COMPLETE"]);
    expect(bench.env()).toBe(ENV);
  });

  test("has a bounded number of backups", async () => {
    open({ config: { backupsMax: 2 } });
    for (const speed of [1.1, 1.2, 1.3, 1.4]) {
      await bench.cycle([{ ...WINNER, hash: `h${speed}`, params: { speed } }]);
    }
    expect(backups()).toHaveLength(2);
    expect(readFileSync(join(bench.paths.state, "env_backups", backups()[1] ?? ""), "utf8")).toContain(
      "=1.3",
    );
  });
});

test("a broken dream.yaml blocks with file and line, and changes nothing", async () => {
  writeFileSync(bench.paths.dreamConfig, "experiments:\n  - name: [\n");
  const [failed] = await bench.cycle([WINNER]);
  expect(String(failed?.facts["error"])).toMatch(/dream\.yaml:\d+/);
  expect(bench.env()).toBe(ENV);
});

test("a plan that was stored before the allow-list was shortened is held to the shorter one", async () => {
  bench.refusePlans(new RetryableError("stopped", "the process ends here"), "after");
  const id = bench.postCycle([WINNER]);
  await bench.deliver(id).catch(() => undefined);
  expect(bench.letter(id).plan).not.toBeNull();
  bench = openWorkbench({ root: bench.root, config: { allow: [] } });
  const signals = await bench.deliver(id);
  expect(complete(signals)).toMatchObject({ deployed: 0, failed: 1 });
  expect(JSON.stringify(signals)).toContain("is not on the allow-list any more");
  expect(bench.env()).toBe(ENV);
});

test("an experiment's own mapping cannot extend the allow-list", async () => {
  writeFileSync(bench.paths.dreamConfig, MAPPING.replace("NAME", "KLR_AUTONOMY_LEVEL"));
  const [failed] = await bench.cycle([{ ...WINNER, params: { token: 3 } }]);
  expect(String(failed?.facts["error"])).toContain("no winner may ever set this key");
  expect(bench.env()).toBe(ENV);
});

test("an autonomy level inside the written file is not a right", async () => {
  open({ config: { autonomyLevel: -1 } });
  bench.setEnv(`${ENV}\nKLR_AUTONOMY_LEVEL=9`);
  expect(complete(await bench.cycle([WINNER]))).toMatchObject({ held: 1 });
});
