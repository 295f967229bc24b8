import { expect, test } from "bun:test";
import { join } from "node:path";
import { DreamFolder } from "../testing/dream_folder.ts";
import { SAMPLE_REPORT } from "../testing/sample_report.ts";
import { CycleReportError, cycleReportPath, readCycleReport } from "./read_cycle_report.ts";

test("a report is read as it was written; none is undefined", async () => {
  using folder = new DreamFolder();
  folder.write("cycles/t.json", JSON.stringify(SAMPLE_REPORT));
  expect(await readCycleReport(cycleReportPath(folder.path, "t"))).toEqual(SAMPLE_REPORT);
  expect(await readCycleReport(cycleReportPath(folder.path, "other"))).toBeUndefined();
});

test.each([
  "",
  "{",
  "null",
  '{"schema": "kloros-dream-cycle/1"}',
  JSON.stringify({ ...SAMPLE_REPORT, success: 1 }),
])("%p is no report, and the error says which file and what to do", async (text) => {
  using folder = new DreamFolder();
  folder.write("r.json", text);
  const path = join(folder.path, "r.json");
  const error: unknown = await readCycleReport(path).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(CycleReportError);
  expect(String(error)).toContain(path);
  expect(String(error)).toContain("treat the cycle as failed");
});

test.each(["../x", "", ".x", "a/b", "a".repeat(200)])("the run tag %p names no file", (tag) => {
  expect(() => cycleReportPath("/a", tag)).toThrow("cannot name a file");
});
