import { expect, test } from "bun:test";
import { writtenSince, type FileState } from "./written_files.ts";

test("writtenSince() names what is new, what grew and what was rewritten", () => {
  const state = (files: Record<string, readonly [bytes: number, mtimeMs: number]>): FileState =>
    new Map(Object.entries(files).map(([path, [bytes, mtimeMs]]) => [path, { bytes, mtimeMs }]));
  const before = state({ same: [5, 1], grown: [5, 1], rewritten: [5, 1], shrunk: [5, 1] });
  const after = state({ same: [5, 1], grown: [8, 2], rewritten: [5, 2], shrunk: [1, 2], fresh: [3, 2] });
  expect(writtenSince(before, after)).toEqual([
    { path: "grown", bytes: 8, grewBytes: 3 },
    { path: "rewritten", bytes: 5, grewBytes: 0 },
    { path: "shrunk", bytes: 1, grewBytes: -4 },
    { path: "fresh", bytes: 3, grewBytes: 3 },
  ]);
});
