import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readModule, type ModuleReading, type ReadLimits } from "./read_module.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "kloros-module-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const LIMITS: ReadLimits = {
  filesMax: 100,
  depthMax: 5,
  entriesMax: 1_000,
  fileBytesMax: 10_000,
  totalBytesMax: 100_000,
  parseMsMax: 2_000,
};

function write(file: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), content);
}

function read(limits: Partial<ReadLimits> = {}, directory = root): Promise<ModuleReading> {
  const { signal } = new AbortController();
  return readModule(directory, { limits: { ...LIMITS, ...limits }, abort: signal, overdue: () => false });
}

const classNames = ({ findings }: ModuleReading): string[] =>
  findings.structure.classes.map(({ name }) => name);

describe("readModule()", () => {
  test("reads a directory's files before those below it, each level by name", async () => {
    write("b.py", "class B: pass\n");
    write("a/x.py", "class X: pass\n");
    write("a.py", "class A: pass\n");
    const reading = await read();
    expect(reading.failure).toBeUndefined();
    expect(reading.findings.files).toEqual(["a.py", "b.py", "a/x.py"]);
    expect(classNames(reading)).toEqual(["A", "B", "X"]);
  });

  test("leaves out caches, hidden directories, environments and what links point to", async () => {
    write("own.py", "class Own: pass\n");
    for (const other of [".git/g.py", "__pycache__/c.py", "venv/v.py", "any/lib/e.py", "node_modules/n.py"]) {
      write(other, "class Foreign: pass\n");
    }
    write("any/pyvenv.cfg", "home = /usr");
    symlinkSync(root, join(root, "loop"));
    symlinkSync(join(root, "own.py"), join(root, "link.py"));
    mkdirSync(join(root, "directory.py"));
    expect((await read()).findings.files).toEqual(["own.py"]);
  });

  test("throws when this process may open no more files: that says nothing about the module", async () => {
    write("good.py", "class Good: pass\n");
    const program = `
      const { openSync } = require("node:fs");
      const { readModule } = await import(${JSON.stringify(join(import.meta.dir, "read_module.ts"))});
      const read = () => readModule(${JSON.stringify(root)}, {
        limits: ${JSON.stringify(LIMITS)}, abort: new AbortController().signal, overdue: () => false,
      });
      await read();
      try { for (;;) openSync("/dev/null", "r"); } catch {}
      await read().then((reading) => console.log(JSON.stringify(reading)), (error) => console.log(error.code));`;
    const child = Bun.spawn(["sh", "-c", 'ulimit -n 64; exec "$0" -e "$1"', process.execPath, program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    expect((await child.stdout.text()).trim()).toBe("EMFILE");
  });

  test("gives up a file that takes the parser too long, and goes on", async () => {
    write("endless.py", "(".repeat(1_000_000));
    write("good.py", "class Good: pass\n");
    const reading = await read({ fileBytesMax: 2_000_000, totalBytesMax: 3_000_000, parseMsMax: 1000 });
    expect(reading.findings.files).toEqual(["good.py"]);
    expect(reading.findings.problems).toMatchObject([{ file: "endless.py" }]);
    expect(reading.findings.problems[0]?.problem).toContain("not parsed within");
  });

  test("reports files that cannot be read or parsed and goes on", async () => {
    write("bad.py", "def (:\n");
    write("good.py", "class Good: pass\n");
    write("binary.py", new Uint8Array([0xff, 0xfe, 0x00, 0x41]));
    write("huge.py", `x = "${"y".repeat(20_000)}"\n`);
    const reading = await read();
    expect(reading.failure).toBeUndefined();
    expect(reading.findings.files).toEqual(["good.py"]);
    expect(reading.findings.problems).toEqual([
      { file: "bad.py", problem: "syntax error at line 1" },
      { file: "binary.py", problem: "not UTF-8, and no other encoding is declared" },
      { file: "huge.py", problem: "the file has 20007 bytes, more than the 10000 that are read" },
    ]);
  });

  test("reads a declared encoding and a byte order mark", async () => {
    write("latin.py", Buffer.from('# -*- coding: latin-1 -*-\nclass Größe: "Maß"\n', "latin1"));
    write("bom.py", '\uFEFF"""Marked."""\n');
    const reading = await read();
    expect(reading.findings.problems).toEqual([]);
    expect(classNames(reading)).toEqual(["Größe"]);
    expect(reading.findings.moduleDocstring).toBe("Marked.");
  });

  test("completes an empty package and fails an empty directory", async () => {
    write("package/__init__.py", "");
    expect((await read({}, join(root, "package"))).failure).toBeUndefined();
    mkdirSync(join(root, "nothing"));
    expect((await read({}, join(root, "nothing"))).failure).toEqual({
      reason: `nothing could be parsed in ${join(root, "nothing")}: it holds no Python files`,
      timeout: false,
    });
  });

  test("fails a directory that is missing, is a file, or holds nothing that parses", async () => {
    write("bad/a.py", "def (:\n");
    expect((await read({}, join(root, "gone"))).failure?.reason).toBe(`${join(root, "gone")} does not exist`);
    expect((await read({}, join(root, "bad/a.py"))).failure?.reason).toContain("is not a directory");
    expect((await read({}, join(root, "bad"))).failure?.reason).toContain(
      "first: a.py: syntax error at line 1",
    );
  });

  test("keeps to its limits and says which it reached", async () => {
    for (let n = 0; n < 8; n += 1) write(`f${n}.py`, `class C${n}: pass\n`);
    write("a/b/c/deep.py", "class Deep: pass\n");
    expect((await read({ filesMax: 3 })).findings.limits).toEqual(["files=3"]);
    expect((await read({ depthMax: 1 })).findings.limits).toEqual(["depth=1"]);
    expect((await read({ entriesMax: 4 })).findings.limits).toEqual(["entries=4"]);
    expect((await read({ totalBytesMax: 40 })).findings.files).toHaveLength(2);
  });

  test("stops when its time is over, and when it is aborted", async () => {
    write("a.py", "");
    write("b.py", "");
    const { signal } = new AbortController();
    let asked = 0;
    const late = await readModule(root, { limits: LIMITS, abort: signal, overdue: () => (asked += 1) > 1 });
    expect(late.failure).toEqual({ reason: `not finished in time: ${root}`, timeout: true });
    const aborted = readModule(root, { limits: LIMITS, abort: AbortSignal.abort(), overdue: () => false });
    expect(aborted).rejects.toThrow("aborted");
    await aborted.catch(() => undefined);
  });

  const yaml = "/usr/lib/python3/dist-packages/yaml";
  test.skipIf(!existsSync(yaml))("reads a real package: PyYAML", async () => {
    const reading = await read({ fileBytesMax: 1_000_000, totalBytesMax: 10_000_000 }, yaml);
    expect(reading.findings.problems).toEqual([]);
    expect(classNames(reading)).toContain("SafeLoader");
    expect(reading.findings.structure.functions.map(({ name }) => name)).toContain("safe_load");
    expect(reading.findings.structure.docstrings).toContain(
      "Parse a YAML stream and produce parsing events.",
    );
  });
});
