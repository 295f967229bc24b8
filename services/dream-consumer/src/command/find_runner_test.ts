import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRunner } from "./find_runner.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kloros-runner-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const compiled = (name: string) => ({
  directory: "/$bunfs/root",
  executable: join(directory, name),
  searchPath: directory,
});

function program(name: string): string {
  const path = join(directory, name);
  writeFileSync(path, "#!/bin/sh\n");
  chmodSync(path, 0o755);
  return path;
}

test("from source it is the runner's main, run by the same runtime", () => {
  const found = findRunner();
  expect(found).toMatchObject({
    ok: true,
    command: [process.execPath, expect.stringContaining("dream-runner/src/main.ts")],
  });
});

test("compiled it is the program beside this one", () => {
  const beside = program("kloros-dream");
  expect(findRunner(compiled("dream-consumer"))).toEqual({ ok: true, command: [beside] });
  expect(findRunner(compiled("kloros"))).toEqual({ ok: true, command: [beside] });
});

test("the multi-call program has the runner in it", () => {
  expect(findRunner(compiled("kloros"))).toEqual({ ok: true, command: [join(directory, "kloros"), "dream"] });
});

test("the service's own program looks on PATH at last, and says where it looked", () => {
  const elsewhere = mkdtempSync(join(tmpdir(), "kloros-runner-"));
  try {
    const place = { ...compiled("dream-consumer"), executable: join(elsewhere, "dream-consumer") };
    const missing = findRunner(place);
    expect(missing).toMatchObject({
      ok: false,
      error: expect.stringContaining(join(elsewhere, "kloros-dream")),
    });
    const onPath = program("kloros-dream");
    expect(findRunner(place)).toEqual({ ok: true, command: [onPath] });
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
});
