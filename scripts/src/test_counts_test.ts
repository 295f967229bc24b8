import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countsOfGate, countsOfTestRun, parseTestCounts, sumCounts } from "./test_counts.ts";

describe("test counts", () => {
  test("are read from what `bun test` itself prints", async () => {
    const folder = mkdtempSync(join(tmpdir(), "counts-"));
    try {
      const source = `import { test, expect } from "bun:test";
        test("a", () => {}); test("b", () => { expect(1).toBe(2); }); test.skip("c", () => {}); test.todo("d");`;
      writeFileSync(join(folder, "sample_test.ts"), source);
      const run = Bun.spawnSync([process.execPath, "test"], {
        cwd: folder,
        env: { ...process.env, NO_COLOR: "1" },
      });
      const output = run.stdout.toString() + run.stderr.toString();
      expect(countsOfTestRun(output, run.exitCode)).toEqual({ passed: 1, failed: 1, skipped: 2 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("come from the closing lines, not from what a test printed before them", () => {
    expect(parseTestCounts(" 99 pass\n\n 4 pass\n 1 skip\n 0 fail\nRan 5 tests")).toEqual({
      passed: 4,
      failed: 0,
      skipped: 1,
    });
  });

  test("are read through colours", () => {
    expect(parseTestCounts("\u001b[32m 4 pass\u001b[0m\n").passed).toBe(4);
  });

  test("count an error outside of tests as failed", () => {
    expect(countsOfTestRun(" 2 pass\n 0 fail\n 1 error\n", 1)).toEqual({ passed: 2, failed: 1, skipped: 0 });
  });

  test("count a run that broke off as one failure", () => {
    expect(countsOfTestRun("Segmentation fault", 139)).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(countsOfTestRun(" 2 pass\n 0 fail\n", 1)).toEqual({ passed: 2, failed: 1, skipped: 0 });
  });

  test("count a gate as one", () => {
    expect(sumCounts([countsOfGate(0), countsOfGate(2), countsOfGate(0)])).toEqual({
      passed: 2,
      failed: 1,
      skipped: 0,
    });
  });
});
