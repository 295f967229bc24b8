import { afterAll, expect, test } from "bun:test";
import { fuzz, FUZZ_LIMIT_MS } from "@kloros/signal-schema/testing";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HighWater, missingSince, readMark } from "./high_water.ts";

const directory = mkdtempSync(join(tmpdir(), "kloros-mark-"));
const path = join(directory, "journal.hwm");
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const MARKS = [
  { commit: 9, seq: 12, epoch: 1 },
  { commit: 10, seq: 12, epoch: 1 },
  { commit: 999_999_999_999_999, seq: 100, epoch: 77 },
];

function write(marks: typeof MARKS): Uint8Array {
  rmSync(path, { force: true });
  const water = new HighWater(path);
  for (const mark of marks) water.write(mark);
  water.close();
  return readFileSync(path);
}

test(
  "any bytes as a mark say nothing, or what was once written; and the next mark stands",
  async () => {
    const samples = [write([]), write(MARKS.slice(0, 1)), write(MARKS.slice(0, 2)), write(MARKS.slice(1))];
    await fuzz({ samples, words: ["kloros-mark", " ", "\n", "99999999"], inputs: 1500 }, (bytes) => {
      writeFileSync(path, bytes);
      const mark = readMark(path);
      if (mark !== undefined) expect(MARKS).toContainEqual(mark);
      expect(missingSince(mark, { commit: 1e15, seq: 1e15, epoch: 1e15 })).toBeUndefined();
      const next = { commit: 1e14, seq: 1e14, epoch: 99 };
      const newest = mark !== undefined && mark.commit > next.commit ? mark : next;
      const water = new HighWater(path);
      water.write(next);
      water.close();
      expect(readMark(path)).toEqual(newest);
    });
  },
  FUZZ_LIMIT_MS,
);

test("a mark that lost the end of its padding is not written over while the other slot holds an older one", () => {
  const whole = write(MARKS.slice(1));
  writeFileSync(path, whole.subarray(0, whole.length - 5));
  const water = new HighWater(path);
  water.write(MARKS[0] ?? { commit: 9, seq: 12, epoch: 1 });
  water.close();
  expect(readMark(path)).toEqual(MARKS[2]);
});
