import { expect, test } from "bun:test";
import { HeldFiles } from "./held_files.ts";
import type { Held } from "./held_files.ts";

const held = (changes: Partial<Held> = {}): Held => ({
  signature: "1",
  sinceMs: 0,
  why: "unfinished",
  reason: "the file is empty",
  ...changes,
});

test("a file is quiet since it was first seen with its signature", () => {
  const files = new HeldFiles();
  files.hold("a", held({ sinceMs: 100 }));
  files.hold("a", held({ sinceMs: 900 }));
  expect(files.quietMs("a", "1", 1000)).toBe(900);
  expect(files.quietMs("a", "2", 1000)).toBe(0);
  files.hold("a", held({ signature: "2", sinceMs: 1000 }));
  expect(files.quietMs("a", "2", 1500)).toBe(500);
});

test("counts follow what is held, whatever happens to it", () => {
  const files = new HeldFiles();
  files.hold("a", held());
  files.hold("b", held({ why: "dealt-with", reason: "EROFS" }));
  files.hold("a", held({ why: "dealt-with", reason: "EACCES" }));
  expect([files.count("unfinished"), files.count("dealt-with"), files.count("denied")]).toEqual([0, 2, 0]);
  expect(files.reason("dealt-with")).toBe("EROFS");
  files.keepOnly(new Set(["a"]));
  expect([files.count("dealt-with"), files.reason("dealt-with")]).toEqual([1, "EACCES"]);
  files.delete("a");
  files.delete("a");
  expect([files.count("dealt-with"), files.reason("dealt-with"), files.size]).toEqual([0, undefined, 0]);
});
