import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import type { EvaluatorConfig } from "../config/dream_config.ts";
import { DreamFolder } from "../testing/dream_folder.ts";
import { createEvaluator } from "./create_evaluator.ts";
import type { Evaluation } from "./evaluation.ts";
import { markedProcesses } from "../processes/marked.ts";
import { runMarkOf } from "./mark.ts";

const folder = new DreamFolder();
afterAll(() => {
  folder[Symbol.dispose]();
});
const python = Bun.which("python3");
/** Long: a busy machine starts a program slowly. Where the limit itself is tested it is short. */
const LIMITS = { timeoutS: 30, memoryMb: 300 };
/** The evaluator that is started anew after a hang has as long: it must be enough to start an interpreter on a busy machine, s. */
const HANG_S = 8;
const CONTEXT = {
  experiment: "e",
  run_tag: "t",
  generation: 0,
  candidate: 0,
  seed: 1,
  work_dir: folder.path,
};
let marks = 0;
let processes = 0;

/** Measures each of the parameters with one evaluator, as a slot does. */
async function measure(config: EvaluatorConfig, ...all: readonly object[]): Promise<Evaluation[]> {
  const mark = `test${String(process.pid)}x${String((marks += 1))}`;
  const evaluator = createEvaluator(config, {
    cwd: folder.path,
    environment: process.env,
    nextMark: () => `${mark}.${String((processes += 1))}`,
  });
  const results: Evaluation[] = [];
  for (const [candidate, params] of all.entries()) {
    const context = { ...CONTEXT, candidate };
    results.push(
      await evaluator.evaluate({ params: JSON.stringify(params), context }, new AbortController().signal),
    );
  }
  await evaluator.close();
  // Whatever happened, nothing is left.
  expect(markedProcesses(runMarkOf(mark))).toEqual([]);
  return results;
}

const ok = (metrics: object): Evaluation => ({ ok: true, metrics: { ...metrics } });
const failed = (error: string): Evaluation => ({ ok: false, error });

function command(script: string, limits: Partial<typeof LIMITS> = {}): EvaluatorConfig {
  return { kind: "command", command: ["/bin/sh", "-c", script], ...LIMITS, ...limits };
}

function file(kind: "python" | "module", path: string, more: object = {}): EvaluatorConfig {
  const entry = { entry: "symbol", name: "evaluate", initKwargs: {}, interpreter: "python3" } as const;
  return { kind, file: path, ...entry, ...LIMITS, ...more };
}

describe.concurrent("a command", () => {
  test("gets parameters and context on stdin, and its last JSON object counts", async () => {
    const echo = `read line; echo "starting"; echo '{"score": 1}'; echo "$line" >&2; echo '{"score": 2, "on": true, "note": "x"}'; echo done`;
    expect(await measure(command(echo), { x: 1 })).toEqual([ok({ score: 2, on: 1 })]);
    const check = `grep -q '"params": {"x":1}' && echo '{"score": 1}'`;
    expect(await measure(command(check), { x: 1 })).toEqual([ok({ score: 1 })]);
  });

  test.each([
    ["exit 3", "exit code 3"],
    ["echo 'cannot open the model' >&2; exit 1", "exit code 1: cannot open the model"],
    ["kill -SEGV $$", "killed by SIGSEGV"],
    ["echo 'no json'", "its output has no line that is a JSON object of metrics"],
    ["echo '{\"score\": '", "its output has no line that is a JSON object of metrics"],
    ["sleep 60", "timeout: it took longer than 1 s"],
    ["trap '' TERM INT HUP; sleep 60 & sleep 60", "timeout: it took longer than 1 s"],
    ["setsid sleep 60 & sleep 60", "timeout: it took longer than 1 s"],
    ["yes", "it wrote more than 16 MiB to stdout"],
    ["head -c 3000000 /dev/zero | tr '\\0' x", "it wrote a line of more than 1 MiB to stdout"],
  ])("%s: %s", async (script, error) => {
    const timeoutS = error.startsWith("timeout") ? 1 : LIMITS.timeoutS;
    expect(await measure(command(script, { timeoutS }), {})).toEqual([failed(error)]);
  });

  test("a program that is not there is named", async () => {
    const [result] = await measure({ kind: "command", command: ["no-such-program"], ...LIMITS }, {});
    expect(result).toMatchObject({ ok: false, error: expect.stringContaining("no-such-program") as string });
  });

  test("a place where nothing can be started is a record", async () => {
    const cwd = "/no/such/place";
    for (const config of [command("echo '{}'"), file("module", "x.js")]) {
      const place = { cwd, environment: process.env, nextMark: () => "none" };
      const evaluator = createEvaluator(config, place);
      const result = await evaluator.evaluate(
        { params: "{}", context: CONTEXT },
        new AbortController().signal,
      );
      expect(result).toMatchObject({ ok: false, error: expect.stringContaining(cwd) as string });
      await evaluator.close();
    }
  });

  test("of a JavaScript runtime's error the line that names it is told", async () => {
    const script = folder.write("throws.js", "function f() { throw new TypeError('too far'); }\nf();\n");
    const [result] = await measure(
      { kind: "command", command: [process.execPath, script], ...LIMITS, memoryMb: 4000 },
      {},
    );
    expect(result).toMatchObject({ error: expect.stringMatching(/^exit code 1: \w+: too far$/) as string });
  });

  test("bare NaN is read as what it is", async () => {
    const [result] = await measure(command(`echo '{"score": NaN}'`), {});
    expect(result).toEqual(ok({ score: Number.NaN }));
  });

  test("what it leaves behind is ended, also what left its group", async () => {
    const marker = "61.0625";
    const script = `sleep ${marker} & setsid sleep ${marker} & setsid sleep ${marker} >/dev/null 2>&1 & echo '{"score": 1}'`;
    expect(await measure(command(script), {})).toEqual([ok({ score: 1 })]);
    expect(sleepers(marker)).toEqual([]);
  });

  test.skipIf(python === null)("a group that uses too much memory together is ended", async () => {
    const hog = `python3 -c "import time; x = b'1' * (60 << 20); time.sleep(60)"`;
    const result = await measure(command(`${hog} & ${hog} & wait`, { memoryMb: 100 }), {});
    expect(result).toEqual([failed("out of memory: it used more than 100 MB")]);
  });
});

function sleepers(marker: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`sleep\0${marker}`);
    } catch {
      return false;
    }
  });
}

const PYTHON = `
import os, sys, time, asyncio
print("loaded")

def evaluate(params, context):
    os.system("echo a stray line")
    print("another"); sys.stdout.flush()
    do = params.get("do")
    if do == "hang": time.sleep(60)
    if do == "raise": raise ValueError("first line\\nlast line")
    if do == "exit": sys.exit(4)
    if do == "_exit": os._exit(5)
    if do == "abort": os.abort()
    if do == "memory": return {"score": len(bytearray(1 << 30))}
    if do == "nan": return {"score": float("nan")}
    if do == "list": return [1]
    if do == "fork" and os.fork() == 0: return {"score": 1000}
    if do == "fork": time.sleep(0.3)
    if do == "stdin": return {"score": len(sys.stdin.read())}
    return {"score": params.get("x", 0) * 2, "is_float": isinstance(params.get("x"), float), "candidate": context["candidate"]}

class Machine:
    def __init__(self, factor=1): self.factor = factor
    def evaluate(self, params, context): return {"score": params["x"] * self.factor}

def make(factor): return Machine(factor)
async def later(params): return {"score": params["x"] + 1}
`;

// They take a second; a machine that is busy with others starts programs slowly.
setDefaultTimeout(60_000);

(python === null ? describe.skip : describe.concurrent)("a Python file", () => {
  const path = folder.write("evaluator.py", PYTHON);

  test("measures candidate after candidate; what it prints does no harm", async () => {
    expect(await measure(file("python", path), { x: 1 }, { x: 2.5 })).toEqual([
      ok({ score: 2, is_float: 0, candidate: 0 }),
      ok({ score: 5, is_float: 1, candidate: 1 }),
    ]);
  });

  test("a class, a factory and an async function measure too", async () => {
    const initKwargs = { factor: 3 };
    const kinds = [
      { entry: "class", name: "Machine", initKwargs },
      { entry: "factory", name: "make", initKwargs },
      { entry: "symbol", name: "later" },
    ];
    const results = await Promise.all(kinds.map((kind) => measure(file("python", path, kind), { x: 2 })));
    expect(results.flat()).toEqual([ok({ score: 6 }), ok({ score: 6 }), ok({ score: 3 })]);
  });

  test("after every kind of failure the next candidate is measured", async () => {
    const kinds = ["raise", "exit", "_exit", "abort", "memory", "nan", "list", "stdin"];
    const pairs = kinds.flatMap((kind) => [{ do: kind }, { x: 1 }]);
    const results = await measure(file("python", path), ...pairs);
    const bad = results.filter((_, index) => index % 2 === 0);
    const good = results.filter((_, index) => index % 2 === 1);
    expect(bad).toEqual([
      failed("last line"),
      failed("SystemExit: 4"),
      failed("exit code 5: another"),
      failed("killed by SIGABRT"),
      failed("MemoryError"),
      ok({ score: Number.NaN }),
      failed("TypeError: the evaluator returned list, not a dict of metrics"),
      ok({ score: 0 }),
    ]);
    expect(good.every((result) => result.ok && result.metrics["score"] === 2)).toBe(true);
  });

  test("a child that it forked and that comes back does not answer for it", async () => {
    const all = [{ do: "fork", x: 1 }, { x: 2 }, { do: "fork", x: 3 }, { x: 4 }];
    const results = await measure(file("python", path), ...all);
    expect(results.map((result) => result.ok && result.metrics["score"])).toEqual([2, 4, 6, 8]);
  });

  test("a hang is ended, and the next candidate is measured", async () => {
    const results = await measure(file("python", path, { timeoutS: HANG_S }), { do: "hang" }, { x: 1 });
    expect(results).toMatchObject([failed(`timeout: it took longer than ${HANG_S} s`), { ok: true }]);
  });

  test("a file or a name that is not there is said each time", async () => {
    const results = await measure(file("python", "/no/such.py"), {}, {});
    expect(results).toEqual(
      [1, 2].map(() => failed("FileNotFoundError: there is no evaluator file /no/such.py")),
    );
    const [noName] = await measure(file("python", path, { name: "nothing" }), {});
    expect(noName).toEqual(failed(`AttributeError: ${path} has no symbol called nothing`));
  });

  test("a file in a package imports its neighbours", async () => {
    folder.write("lab/__init__.py", "");
    folder.write("lab/near.py", "VALUE = 7\n");
    const inside = folder.write(
      "lab/inside.py",
      "from .near import VALUE\ndef evaluate(p, c): return {'score': VALUE}\n",
    );
    expect(await measure(file("python", inside), {})).toEqual([ok({ score: 7 })]);
  });
});

describe.concurrent("a module", () => {
  const path = folder.write(
    "evaluator.ts",
    `export async function evaluate(params: { do?: string; x: number }, context: { candidate: number }) {
       console.log("noise");
       process.stdout.write("half a line");
       if (params.do === "hang") while (true);
       if (params.do === "throw") throw new RangeError("too far");
       if (params.do === "exit") process.exit(6);
       if (params.do === "nan") return { score: NaN };
       if (params.do === "text") return "good";
       if (params.do === "later") { setTimeout(() => { throw new RangeError("too late"); }, 1); await new Promise(() => {}); }
       if (params.do === "noise") for (let n = 0; n < 1500; n++) process.stdout.write("z".repeat(4000) + "\\n");
       if (params.do === "memory") { const all = []; while (true) all.push(new Uint8Array(1 << 20).fill(1)); }
       return { score: params.x * 2, candidate: context.candidate };
     }
     export class Machine { factor: number; constructor(o: { factor: number }) { this.factor = o.factor; }
       evaluate(p: { x: number }) { return { score: p.x * this.factor }; } }
    `,
  );

  test("measures, whatever it prints", async () => {
    expect(await measure(file("module", path), { x: 1 }, { x: 2 })).toEqual([
      ok({ score: 2, candidate: 0 }),
      ok({ score: 4, candidate: 1 }),
    ]);
    const noisy = [1, 2, 3, 4].map((x) => ({ do: "noise", x }));
    expect((await measure(file("module", path), ...noisy)).map(({ ok: isOk }) => isOk)).toEqual(
      noisy.map(() => true),
    );
    const machine = { entry: "class", name: "Machine", initKwargs: { factor: 5 } };
    expect(await measure(file("module", path, machine), { x: 2 })).toEqual([ok({ score: 10 })]);
  });

  test("after every kind of failure the next candidate is measured", async () => {
    const kinds = ["throw", "exit", "nan", "text", "memory", "later"];
    const results = await measure(file("module", path), ...kinds.flatMap((kind) => [{ do: kind }, { x: 1 }]));
    expect(results.filter((_, index) => index % 2 === 0)).toEqual([
      failed("RangeError: too far"),
      failed("exit code 6"),
      ok({ score: Number.NaN }),
      failed("TypeError: the evaluator returned string, not an object of metrics"),
      failed("out of memory: it used more than 300 MB"),
      failed("exit code 1: RangeError: too late"),
    ]);
    expect(results.filter((_, index) => index % 2 === 1).every((result) => result.ok)).toBe(true);
  });

  test("a hang is ended, and the next candidate is measured", async () => {
    const results = await measure(file("module", path, { timeoutS: HANG_S }), { do: "hang" }, { x: 1 });
    expect(results).toMatchObject([failed(`timeout: it took longer than ${HANG_S} s`), { ok: true }]);
  });

  test("a name that is not there is said", async () => {
    const [result] = await measure(file("module", path, { name: "nothing" }), {});
    expect(result).toEqual(failed(`Error: ${path} exports no symbol called nothing`));
  });
});
