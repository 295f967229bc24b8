import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readText } from "./read_text.ts";

test("readText() knows a missing file from one that is not text", async () => {
  const directory = mkdtempSync(join(tmpdir(), "kloros-text-"));
  try {
    expect(await readText(join(directory, "none"))).toBeUndefined();
    writeFileSync(join(directory, "latin1"), Buffer.from([0xe9]));
    const refused = await readText(join(directory, "latin1")).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TypeError);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
