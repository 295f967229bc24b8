import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { CRASH_POINTS } from "@kloros/daemon";
import { RetryableError } from "@kloros/bus-client";
import { findSignal, validateFacts } from "@kloros/signal-schema";
import type { Envelope } from "@kloros/signal-schema";
import { cpuWatch } from "@kloros/signal-schema/testing";
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
import { initFileText } from "./init_file.ts";
import { parseRegistry } from "./registry_document.ts";
import { linesOf, openWorkbench } from "./testing/workbench.ts";
import type { Workbench } from "./testing/workbench.ts";

const HAND_WRITTEN = `# Capabilities of this system
voice:            # by hand
  module: src.voice
  "enabled": yes
`;

let bench: Workbench;
beforeEach(() => {
  bench = openWorkbench();
  mkdirSync(join(bench.paths.source, "registry"));
  writeFileSync(bench.paths.registry, HAND_WRITTEN);
});
afterEach(() => bench.remove());

const recordLog = (): string => join(bench.paths.state, "integrations.jsonl");

function valid(signals: readonly Envelope[]): readonly Envelope[] {
  for (const signal of signals) {
    const definition = findSignal(signal.signal);
    expect(
      definition === undefined ? "unknown signal" : validateFacts(definition, signal.facts),
    ).toMatchObject({ ok: true });
  }
  return signals;
}

describe("an investigated module", () => {
  test("gets its entry, its __init__.py, its line in the log, its record, and a signal that tells of it", async () => {
    const directory = bench.addModule("audio", ["a.py", "b.py"]);
    const [signal, ...more] = valid(await bench.deliver(bench.post("audio")));
    expect(more).toEqual([]);
    expect(signal).toMatchObject({
      signal: "Q_MODULE_INTEGRATED",
      facts: {
        module_name: "audio",
        module_path: "audio",
        capability_key: "undiscovered.audio",
        investigation_timestamp: "2026-11-23T02:02:33.720716",
        init_created: true,
      },
    });
    expect(bench.registry().startsWith(`${HAND_WRITTEN}audio:\n  module: audio\n  enabled: true\n`)).toBe(
      true,
    );
    expect(bench.registry()).toContain("  description: Module component (2 files)\n");
    expect(readFileSync(join(directory, "__init__.py"), "utf8")).toBe(initFileText("audio"));
    const [line] = linesOf(bench.paths.integratedLog);
    expect(Object.keys(line ?? {})).toEqual(["capability", "integrated_at", "module_path", "question"]);
    expect(line).toMatchObject({ capability: "undiscovered.audio", question: "What does audio do?" });
    expect(linesOf(recordLog())).toMatchObject([{ event: "integrated", id: signal?.id, key: "audio" }]);
    expect(readdirSync(directory).sort()).toEqual(["__init__.py", "a.py", "b.py"]);
  });

  test("keeps its own __init__.py", async () => {
    const directory = bench.addModule("audio", ["__init__.py"]);
    const [signal] = await bench.deliver(bench.post("audio"));
    expect(signal?.facts).toMatchObject({ init_created: false });
    expect(readFileSync(join(directory, "__init__.py"), "utf8")).toBe("x = 1\n");
  });

  test("is integrated once; a second completion is a no-op that says so", async () => {
    bench.addModule("audio");
    await bench.deliver(bench.post("audio"));
    const before = bench.registry();
    expect(await bench.deliver(bench.post("audio"))).toEqual([]);
    expect(bench.registry()).toBe(before);
    expect(linesOf(bench.paths.integratedLog)).toHaveLength(1);
    expect(bench.said.at(-1)).toBe('info: nothing to integrate: the registry has module audio as "audio"');
  });

  test("that fails a criterion is reported and changes nothing", async () => {
    const [signal] = valid(await bench.deliver(bench.post("gone")));
    expect(signal).toMatchObject({
      signal: "Q_INTEGRATION_FAILED",
      facts: {
        capability_key: "undiscovered.gone",
        retry_possible: true,
        question_id: "discover.module.gone",
      },
    });
    expect(bench.registry()).toBe(HAND_WRITTEN);
    expect(existsSync(recordLog())).toBe(false);
  });

  test("behind a link out of the source root is refused", async () => {
    const outside = openWorkbench();
    try {
      symlinkSync(outside.addModule("secret"), join(bench.paths.source, "secret"));
      const [signal] = await bench.deliver(bench.post("secret"));
      expect(String(signal?.facts["reason"])).toContain("leads out of the source root");
    } finally {
      outside.remove();
    }
  });

  test("is not this service's business when the hypothesis is another", async () => {
    expect(await bench.deliver(bench.post("audio", { hypothesis: "OTHER" }))).toEqual([]);
    expect(existsSync(`${bench.paths.registry}.lock`)).toBe(false);
  });

  test("in observe mode leads to the signal that would be sent, and to no change", async () => {
    const directory = bench.addModule("audio");
    const observer = openWorkbench({ root: bench.root, mode: "observe" });
    const [signal] = valid(await observer.deliver(bench.post("audio")));
    expect(signal?.facts).toMatchObject({ module_name: "audio", init_created: true });
    expect(bench.registry()).toBe(HAND_WRITTEN);
    expect(readdirSync(directory)).toEqual(["core.py"]);
    expect(readdirSync(join(bench.paths.source, "registry"))).toEqual(["capabilities.yaml"]);
  });
});

describe("the registry file", () => {
  test("is created with its directories when there is none", async () => {
    rmSync(join(bench.paths.source, "registry"), { recursive: true });
    bench.addModule("audio");
    await bench.deliver(bench.post("audio"));
    expect(parseRegistry(bench.registry()).entries.get("audio")?.module).toBe("audio");
  });

  test("keeps its mode", async () => {
    chmodSync(bench.paths.registry, 0o664);
    bench.addModule("audio");
    await bench.deliver(bench.post("audio"));
    expect(statSync(bench.paths.registry).mode & 0o777).toBe(0o664);
  });

  test("that is broken stays as it is, the error names the line, and a correction lets it go on", async () => {
    writeFileSync(bench.paths.registry, "a: 1\nb: [\n");
    const directory = bench.addModule("audio");
    const id = bench.post("audio");
    const failure = await failureOf(bench.deliver(id));
    expect(failure).toMatchObject({ code: "registry_invalid" });
    expect(failure.message).toContain("capabilities.yaml: line 3, column 1");
    expect(bench.registry()).toBe("a: 1\nb: [\n");
    expect(readdirSync(directory)).toEqual(["core.py"]);
    writeFileSync(bench.paths.registry, HAND_WRITTEN);
    expect(await bench.deliver(id)).toHaveLength(1);
  });

  test("that is not UTF-8 is refused", async () => {
    writeFileSync(bench.paths.registry, Buffer.from([0x61, 0x3a, 0x20, 0xe9, 0x0a]));
    bench.addModule("audio");
    expect((await failureOf(bench.deliver(bench.post("audio")))).message).toContain("not UTF-8");
  });

  test("that cannot be replaced takes the created __init__.py back, and goes on after the fix", async () => {
    const directory = bench.addModule("audio");
    const id = bench.post("audio");
    // A directory in the place of the temporary file: the write fails, whoever runs the test.
    const obstacle = join(bench.paths.source, "registry/.capabilities.yaml.kloros-tmp/x");
    mkdirSync(obstacle, { recursive: true });
    const failure = await failureOf(bench.deliver(id));
    expect(failure.message).toContain("cannot write");
    expect(readdirSync(directory)).toEqual(["core.py"]);
    expect(bench.registry()).toBe(HAND_WRITTEN);
    rmSync(join(obstacle, ".."), { recursive: true });
    expect((await bench.deliver(id))[0]?.facts).toMatchObject({ init_created: true });
    expect(linesOf(bench.paths.integratedLog)).toHaveLength(1);
  });

  test("with a directory in its place is told apart", async () => {
    rmSync(bench.paths.registry);
    mkdirSync(bench.paths.registry);
    bench.addModule("audio");
    expect(await failureOf(bench.deliver(bench.post("audio")))).toMatchObject({ code: "wrong_kind" });
  });

  test("changed by somebody else between plan and write gets the entry at its new place", async () => {
    bench.addModule("audio");
    const id = bench.post("audio");
    await runChild("integrator.planned");
    writeFileSync(bench.paths.registry, `${HAND_WRITTEN}other:\n  module: other\n`);
    expect(await bench.deliver(id)).toHaveLength(1);
    expect([...parseRegistry(bench.registry()).entries.keys()]).toEqual(["voice", "other", "audio"]);
  });

  test("where somebody else's entry came between plan and write keeps theirs, and our __init__.py goes", async () => {
    const directory = bench.addModule("audio");
    const id = bench.post("audio");
    await runChild("integrator.init-created");
    expect(readdirSync(directory)).toContain("__init__.py");
    const theirs = `${HAND_WRITTEN}audio:\n  module: audio\n`;
    writeFileSync(bench.paths.registry, theirs);
    expect(await bench.deliver(id)).toEqual([]);
    expect(bench.registry()).toBe(theirs);
    expect(readdirSync(directory)).toEqual(["core.py"]);
  });
});

describe("a process that is killed", () => {
  const ours = Object.keys(CRASH_POINTS).filter((name) => /^(?:integrator|ledger|files)\./.test(name));
  const points = ours.flatMap((name) => (name.startsWith("ledger.") ? [name, `${name}:2`] : [name]));
  test.each(points)("at %s leaves work that the next one finishes, once", async (point) => {
    const directory = bench.addModule("audio");
    const id = bench.post("audio");
    await runChild(point);
    expect(bench.letter(id).emitted).toBeNull();
    const registry = bench.registry();
    if (registry !== HAND_WRITTEN) parseRegistry(registry);
    const planned = (bench.letter(id).plan as { integratedAt?: string } | null)?.integratedAt;

    const [signal, ...more] = valid(await bench.deliver(id));
    expect(more).toEqual([]);
    expect(signal?.facts).toMatchObject({ module_name: "audio", init_created: true });
    if (planned !== undefined) expect(signal?.facts["integrated_at"]).toBe(planned);
    expect(bench.registry().slice(0, HAND_WRITTEN.length)).toBe(HAND_WRITTEN);
    expect(bench.registry().match(/^audio:/gm)).toHaveLength(1);
    expect(linesOf(bench.paths.integratedLog)).toHaveLength(1);
    expect(linesOf(recordLog())).toMatchObject([
      { id: signal?.id, init_file: join(directory, "__init__.py") },
    ]);
    expect(readdirSync(directory).sort()).toEqual(["__init__.py", "core.py"]);
  });
});

test("two processes that write at once lose no entry", async () => {
  const names = (from: string): string[] => Array.from({ length: 12 }, (_, n) => `${from}${n}`);
  const second = openWorkbench({ root: join(bench.root, "second") });
  // The same source tree and home, mail of its own.
  rmSync(second.paths.source, { recursive: true });
  rmSync(second.paths.home, { recursive: true });
  symlinkSync(bench.paths.source, second.paths.source);
  symlinkSync(bench.paths.home, second.paths.home);
  for (const name of names("left")) bench.addModule(name);
  for (const name of names("right")) bench.addModule(name);
  for (const name of names("left")) bench.post(name);
  for (const name of names("right")) second.post(name);
  const children = [bench.root, second.root].map((root) => spawnChild(root, ""));
  expect(await Promise.all(children.map((child) => child.exited))).toEqual([0, 0]);
  const keys = [...parseRegistry(bench.registry()).entries.keys()];
  expect(keys.sort()).toEqual(["voice", ...names("left"), ...names("right")].sort());
  expect(linesOf(bench.paths.integratedLog)).toHaveLength(24);
  expect(bench.registry().startsWith(HAND_WRITTEN)).toBe(true);
});

test("many modules in a row do not get slower with the size of the registry", async () => {
  const ids = Array.from({ length: 200 }, (_, n) => {
    bench.addModule(`mod${n}`);
    return bench.post(`mod${n}`);
  });
  const timed = async (some: readonly string[]): Promise<number> => {
    const computedMs = cpuWatch();
    for (const id of some) await bench.deliver(id);
    return computedMs();
  };
  await timed(ids.slice(0, 50));
  const early = await timed(ids.slice(50, 100));
  await timed(ids.slice(100, 150));
  const late = await timed(ids.slice(150));
  expect(parseRegistry(bench.registry()).entries.size).toBe(201);
  // Parsing it all each time would cost 50 ms and more each: 1.5 s and more at the end.
  expect(late).toBeLessThan(Math.max(1200, early * 3));
}, 120_000);

async function failureOf(work: Promise<unknown>): Promise<RetryableError> {
  const failure: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(RetryableError);
  return failure as RetryableError;
}

function spawnChild(root: string, crashAt: string) {
  return Bun.spawn([process.execPath, join(import.meta.dir, "fixtures/deliver_child.ts"), root], {
    env: { ...process.env, KLOROS_CRASH_AT: crashAt },
    stdout: "ignore",
    stderr: "inherit",
  });
}

/** Works through the mail in a child process that dies at this point. */
async function runChild(crashAt: string): Promise<void> {
  const child = spawnChild(bench.root, crashAt);
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
}
