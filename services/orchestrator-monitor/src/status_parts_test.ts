import { expect, test } from "bun:test";
import { createStatusParts } from "./status_parts.ts";

test("the parts make up one line, told when it changes", () => {
  const lines: string[] = [];
  const part = createStatusParts((line) => lines.push(line));
  const [first, second] = [part(), part()];
  second("no alerts");
  first("1 promotion waits");
  second("no alerts");
  first("");
  expect(lines).toEqual(["no alerts", "1 promotion waits; no alerts", "no alerts"]);
});
