import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspectModule, readText, watchFile } from "./effects.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kloros-watch-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 3000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("it did not happen within 3 s");
    await Bun.sleep(2);
  }
}

test("watchFile() tells of a file that appears, is replaced and is written, gathered", async () => {
  const path = join(directory, "registry/capabilities.yaml");
  let calls = 0;
  const watch = watchFile(path, 20, () => {
    calls += 1;
  });
  try {
    watch.ensure();
    mkdirSync(join(directory, "registry"));
    watch.ensure();
    for (let n = 0; n < 50; n += 1) writeFileSync(path, `a: ${n}\n`);
    await until(() => calls > 0);
    expect(calls).toBeLessThan(10);
    const before = calls;
    writeFileSync(join(directory, "registry/.tmp"), "b: 1\n");
    renameSync(join(directory, "registry/.tmp"), path);
    await until(() => calls > before);
  } finally {
    watch.close();
  }
});

test("readText() knows a missing file from one that is not text", async () => {
  expect(await readText(join(directory, "none"))).toBeUndefined();
  writeFileSync(join(directory, "latin1"), Buffer.from([0xe9]));
  expect(readText(join(directory, "latin1"))).rejects.toThrow();
});

test("inspectModule() counts Python files directly in the module's directory", () => {
  mkdirSync(join(directory, "tools/audio"), { recursive: true });
  for (const name of ["__init__.py", "a.py", "b.txt"])
    writeFileSync(join(directory, "tools/audio", name), "");
  expect(inspectModule(directory, "tools.audio")).toEqual({ pyFiles: 2, hasInit: true });
  expect(inspectModule(directory, "gone")).toEqual({ pyFiles: 0, hasInit: false });
});
