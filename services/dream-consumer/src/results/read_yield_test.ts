import { cycleReportPath, type CycleReport } from "@kloros/dream-runner";
import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findReport } from "./read_yield.ts";

test("a report is taken for that of its own run only, whatever its file is called", async () => {
  const artifacts = mkdtempSync(join(tmpdir(), "kloros-yield-"));
  try {
    const report: CycleReport = {
      schema: "kloros-dream-cycle/1",
      run_tag: "17-ab",
      started_at: "2026-11-23T00:00:00Z",
      ended_at: "2026-11-23T00:00:02Z",
      success: true,
      exit_code: 0,
      error: null,
      experiments: [],
      winners: [],
    };
    for (const tag of ["17-ab", "18-cd"]) {
      const path = cycleReportPath(artifacts, tag);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, JSON.stringify(report));
    }
    expect((await findReport(artifacts, "17-ab"))?.report).toEqual(report);
    const refused = await findReport(artifacts, "18-cd").catch(String);
    expect(refused).toContain("tells of another run, 17-ab");
  } finally {
    rmSync(artifacts, { recursive: true });
  }
});
