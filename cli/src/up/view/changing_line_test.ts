import { expect, test } from "bun:test";
import { ChangingLine } from "./changing_line.ts";

function lineOn(columns: number | undefined) {
  const said: string[] = [];
  const clock = { ms: 0 };
  const line = new ChangingLine({
    write: (text) => said.push(text),
    nowMs: () => clock.ms,
    columns: columns === undefined ? undefined : () => columns,
  });
  return { line, said, clock };
}

test("on a terminal it changes in place, not too often, and no longer than the terminal is wide", () => {
  const { line, said, clock } = lineOn(21);
  line.show("run", "one");
  line.show("run", "too soon");
  clock.ms = 150;
  line.show("run", "x".repeat(50));
  expect(said).toEqual(["\r\u001b[2Kone", `\r\u001b[2K${"x".repeat(20)}`]);
});

test("lines that stay are written above it, and it goes when it ends", () => {
  const { line, said } = lineOn(80);
  line.above("first");
  line.show("run", "half");
  line.above("second");
  line.end();
  line.end();
  line.above("third");
  expect(said).toEqual(["first\n", "\r\u001b[2Khalf", "\r\u001b[2Ksecond\nhalf", "\r\u001b[2K", "third\n"]);
});

test("elsewhere it is said now and then, and at once when it is about something else", () => {
  const { line, said, clock } = lineOn(undefined);
  for (; clock.ms <= 4000; clock.ms += 100) line.show("run", `${String(clock.ms)} ms`);
  line.show("other", "begins");
  line.above("stays");
  line.end();
  expect(said).toEqual(["0 ms\n", "2000 ms\n", "4000 ms\n", "begins\n", "stays\n"]);
});
