import { expect, test } from "bun:test";
import { ProgressBar, progressText } from "./progress_bar.ts";

const half = {
  phase: "copying",
  files: 50,
  filesTotal: 100,
  bytes: 512 * 1024,
  bytesTotal: 1024 * 1024,
} as const;

function barOn(terminal: boolean): {
  readonly bar: ProgressBar;
  readonly said: string[];
  readonly at: (ms: number) => void;
} {
  const said: string[] = [];
  let now = 0;
  const bar = new ProgressBar({ terminal, columns: 200, write: (text) => said.push(text), nowMs: () => now });
  return { bar, said, at: (ms) => void (now = ms) };
}

test("on a terminal one line changes in place and goes away at the end", () => {
  const { bar, said, at } = barOn(true);
  bar.show(half);
  at(50);
  bar.show(half);
  at(150);
  bar.show(half);
  bar.end();
  expect(said.length).toBe(3);
  expect(said[0]).toStartWith("\r\u001b[2Kcopying: ████████████░░░░░░░░░░░░  50 %  50 of 100 files");
  expect(said[2]).toBe("\r\u001b[2K");
});

test("without a terminal it is a whole line now and then", () => {
  const { bar, said, at } = barOn(false);
  for (let ms = 0; ms <= 4000; ms += 100) {
    at(ms);
    bar.show(half);
  }
  bar.end();
  expect(said.length).toBe(3);
  expect(said.every((line) => line.endsWith("\n") && !line.includes("\u001b"))).toBe(true);
});

test("an empty tree is complete", () => {
  expect(progressText({ phase: "copying", files: 0, filesTotal: 0, bytes: 0, bytesTotal: 0 })).toContain(
    "100 %",
  );
  expect(progressText({ ...half, phase: "measuring" })).toBe("copying: 50 files found so far");
});
