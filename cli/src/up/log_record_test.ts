import { expect, test } from "bun:test";
import { shownRecord, standardErrorLine } from "./log_record.ts";

test("warnings and errors are shown with their reason, information is not", () => {
  const line = (fields: object): string => JSON.stringify({ time: "t", service: "x", ...fields });
  expect(shownRecord("x", line({ level: "info", msg: "fine" }))).toBeUndefined();
  expect(shownRecord("x", line({ level: "warn", msg: "slow", reason: "the disk" }))).toEqual({
    level: "warn",
    service: "x",
    message: "slow",
    why: "the disk",
  });
  const error = { type: "Error", message: "no room", stack: "…" };
  expect(shownRecord("x", line({ level: "error", msg: "failed", error }))?.why).toBe("no room");
});

test("what is no JSON record is not shown", () => {
  for (const line of ["", "plain text", '{"level":"error"', '["level","error"]', '{"a":{"level":"error"}}']) {
    expect(shownRecord("x", line)).toBeUndefined();
  }
});

test("standard error becomes an error record of the log", () => {
  const line = standardErrorLine("x", 'a "crash"', 0);
  expect(shownRecord("x", line)).toEqual({
    level: "error",
    service: "x",
    message: 'a "crash"',
    why: undefined,
  });
});
