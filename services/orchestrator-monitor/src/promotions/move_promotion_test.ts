import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { movePromotion, numbered, returnClaims, sha256Of } from "./move_promotion.ts";

let directory: string;
let acknowledged: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kloros-move-"));
  acknowledged = join(directory, "acknowledged");
  mkdirSync(acknowledged);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const files = (): readonly string[] => readdirSync(directory, { recursive: true }).map(String).toSorted();
const put = (name: string, content: string): string => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return sha256Of(path) ?? "";
};
const move = (sha256: string): boolean =>
  movePromotion({ from: directory, file: "a.json", sha256, to: join(acknowledged, "a.json") });

describe("movePromotion()", () => {
  test("moves the content that is meant", () => {
    expect(move(put("a.json", "old"))).toBe(true);
    expect(files()).toEqual(["acknowledged", "acknowledged/a.json"]);
  });

  test("leaves what was put in its place meanwhile", () => {
    const sha256 = put("a.json", "old");
    put("a.json", "new");
    expect(move(sha256)).toBe(false);
    expect(files()).toEqual(["a.json", "acknowledged"]);
    expect(readFileSync(join(directory, "a.json"), "utf8")).toBe("new");
  });

  test("knows that it is gone", () => {
    expect(move("0")).toBe(false);
    expect(files()).toEqual(["acknowledged"]);
  });

  test("puts it back and says why when the place is taken by something else", () => {
    const sha256 = put("a.json", "mine");
    writeFileSync(join(acknowledged, "a.json"), "theirs");
    expect(() => move(sha256)).toThrow("came into being while a promotion was moved there");
    expect(files()).toEqual(["a.json", "acknowledged", "acknowledged/a.json"]);
    expect(readFileSync(join(acknowledged, "a.json"), "utf8")).toBe("theirs");
  });
});

describe("returnClaims()", () => {
  const claim = (content: string): void => {
    mkdirSync(join(directory, ".claimed"), { recursive: true });
    writeFileSync(join(directory, ".claimed/a.json"), content);
  };

  test("puts back what a crash left claimed", () => {
    claim("old");
    returnClaims(directory);
    returnClaims(directory);
    expect(files()).toEqual(["a.json", "acknowledged"]);
  });

  test("keeps both when a new file has the name", () => {
    claim("old");
    put("a.json", "new");
    returnClaims(directory);
    expect(files()).toEqual(["a.1.json", "a.json", "acknowledged"]);
    expect(readFileSync(join(directory, "a.1.json"), "utf8")).toBe("old");
  });

  test("puts back what it can, also when another one cannot be", () => {
    for (const name of ["0.json", "b.json"])
      mkdirSync(join(directory, ".claimed", name), { recursive: true });
    claim("old");
    expect(() => returnClaims(directory)).toThrow();
    expect(files()).toContain("a.json");
  });

  test("keeps one when both are the same", () => {
    claim("same");
    put("a.json", "same");
    returnClaims(directory);
    expect(files()).toEqual(["a.json", "acknowledged"]);
  });
});

test.each([
  ["tts", 0, ".json", "tts.json"],
  ["tts", 2, "_ack.json", "tts.2_ack.json"],
])("numbered(%j, %i, %j) is %j", (stem, n, ending, name) => {
  expect(numbered(stem, n, ending)).toBe(name);
});

test("numbered() stays within the file system's limit, and tells long names apart", () => {
  const [one, other] = ["a", "b"].map((last) => numbered(`${"😀".repeat(62)}${last}`, 12, "_ack.json"));
  expect(Buffer.byteLength(one ?? "")).toBeLessThan(255);
  expect(one).not.toBe(other);
});
