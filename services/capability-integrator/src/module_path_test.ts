import { describe, expect, test } from "bun:test";
import { locateModule, normalizePath, pathBelow } from "./module_path.ts";

const SOURCE = "/home/kloros/src";

describe("locateModule()", () => {
  test.each([
    ["/home/kloros/src/audio", "audio", "audio"],
    ["/home/kloros/src/audio/", "audio", "audio"],
    ["/home/kloros//src/./audio//", "audio", "audio"],
    ["/home/kloros/src/tools/audio", "audio", "tools.audio"],
    ["/home/kloros/src/tools/../audio", "audio", "audio"],
    ["audio", "audio", "audio"],
    ["/home/kloros/src/my-module", "my-module", "my-module"],
  ])("%s is %s at %s", (path, name, modulePath) => {
    expect(locateModule(SOURCE, path)).toMatchObject({ ok: true, name, modulePath });
  });

  test.each([
    ["/home/kloros/src/../secrets", "outside"],
    ["../secrets", "outside"],
    ["/etc", "outside"],
    ["/home/kloros/src2/audio", "outside"],
    ["/home/kloros/src", "source root itself"],
    ["/home/kloros/src/", "source root itself"],
    [".", "source root itself"],
    ["/home/kloros/src/a.b", "dot in its name"],
    ["/home/kloros/src/a\0b", "NUL"],
  ])("%j is refused: %s", (path, reason) => {
    const location = locateModule(SOURCE, path);
    expect(location.ok).toBe(false);
    expect(location.ok ? "" : location.reason).toContain(reason);
  });
});

test("normalizePath() never climbs above the root", () => {
  expect(normalizePath("/../../a/b/..")).toBe("/a");
});

test("pathBelow() compares whole names, not prefixes", () => {
  expect(pathBelow("/a", "/a/b")).toBe("b");
  expect(pathBelow("/", "/b")).toBe("b");
  expect(pathBelow("/a/", "/a")).toBe("");
  expect(pathBelow("/a", "/ab")).toBeUndefined();
});
