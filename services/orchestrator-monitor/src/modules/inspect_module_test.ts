import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspectModule } from "./inspect_module.ts";

test("inspectModule() counts Python files directly in the module's directory", () => {
  const directory = mkdtempSync(join(tmpdir(), "kloros-module-"));
  try {
    mkdirSync(join(directory, "tools/audio"), { recursive: true });
    for (const name of ["__init__.py", "a.py", "b.txt"])
      writeFileSync(join(directory, "tools/audio", name), "");
    expect(inspectModule(directory, "tools.audio")).toEqual({ pyFiles: 2, hasInit: true });
    expect(inspectModule(directory, "gone")).toEqual({ pyFiles: 0, hasInit: false });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
