import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { acquireFileLock } from "@kloros/file-lock";
import { claimRuntimeDir } from "./runtime_claim.ts";

let runtime = "";
beforeEach(() => {
  runtime = mkdtempSync(join(tmpdir(), "kloros-claim-"));
});
afterEach(() => {
  rmSync(runtime, { recursive: true, force: true });
});

describe("claimRuntimeDir()", () => {
  test("one home may claim it again and again, another one only when nobody of the first is alive", () => {
    claimRuntimeDir(runtime, "/a");
    const lock = acquireFileLock(join(runtime, "sample.lock"), "sample");
    claimRuntimeDir(runtime, "/a");
    expect(() => claimRuntimeDir(runtime, "/b")).toThrow(
      `sample (pid ${String(process.pid)}) of the home /a`,
    );
    lock.release();
    claimRuntimeDir(runtime, "/b");
  });
});
