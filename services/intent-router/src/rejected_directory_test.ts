import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, openRejectedDirectory } from "./rejected_directory.ts";
import type { RejectedDirectory } from "./rejected_directory.ts";

let intents: string;
let root: string;
let rejected: RejectedDirectory;

beforeEach(() => {
  intents = mkdtempSync(join(tmpdir(), "intents-"));
  root = join(intents, "rejected");
  rejected = open();
});
afterEach(() => rmSync(intents, { recursive: true, force: true }));

function open(): RejectedDirectory {
  return openRejectedDirectory(root, { intents, quietMs: 2000, sizeBytesMax: 1000, filesMax: 100 });
}

function reject(name: string, text: string): string {
  const path = join(intents, "claimed.tmp");
  writeFileSync(path, text);
  const digest = digestOf(Buffer.from(text));
  return rejected.keep(path, { name, reason: "it is broken", digest, rejectedMs: 1_763_116_200_000 });
}

describe("keep()", () => {
  test("moves the file and notes beside it why", () => {
    expect(reject("a.json", "[]")).toBe("a.json");
    expect(readFileSync(join(root, "a.json"), "utf8")).toBe("[]");
    expect(JSON.parse(readFileSync(join(root, "a.json.reason"), "utf8"))).toEqual({
      file: "a.json",
      reason: "it is broken",
      sha256: digestOf(Buffer.from("[]")),
      rejected_at: "2025-11-14T10:30:00.000Z",
    });
    expect(readdirSync(intents)).toEqual(["rejected"]);
  });

  test("numbers files of one name and overwrites none", () => {
    expect(["1", "2", "3"].map((text) => reject("a.json", text))).toEqual(["a.json", "a.1.json", "a.2.json"]);
    expect(readFileSync(join(root, "a.json"), "utf8")).toBe("1");
    expect(readFileSync(join(root, "a.2.json"), "utf8")).toBe("3");
  });

  test("takes a copy that an earlier run had made before it was cut off for the file itself", () => {
    reject("a.json", "[]");
    const path = join(intents, "claimed.tmp");
    const { mtimeMs } = statSync(join(root, "a.json"));
    writeFileSync(path, "[]");
    utimesSync(path, mtimeMs / 1000, mtimeMs / 1000);
    const digest = digestOf(Buffer.from("[]"));
    const again = { name: "a.json", reason: "it is broken", digest, rejectedMs: 1_763_116_200_000 };
    expect(rejected.keep(path, again)).toBe("a.json");
    expect(readdirSync(root).toSorted()).toEqual(["a.json", "a.json.reason"]);
    expect(existsSync(path)).toBe(false);
  });

  test("cuts names that leave no room for the note", () => {
    const name = `${"ä".repeat(124)}.json`;
    const kept = [reject(name, "1"), reject(name, "2")];
    expect(new Set(kept).size).toBe(2);
    for (const one of kept) expect(existsSync(join(root, `${one}.reason`))).toBe(true);
  });
});

describe("reviewChanges()", () => {
  test("leaves alone what is as it was, also after a restart and when only touched", () => {
    reject("a.json", "[]");
    expect(rejected.reviewChanges(0)).toEqual([]);
    rejected = open();
    utimesSync(join(root, "a.json"), new Date(), new Date());
    expect(rejected.reviewChanges(10_000)).toEqual([]);
    expect(rejected.reviewChanges(20_000)).toEqual([]);
  });

  test("gives back an edited file once it has been quiet", () => {
    reject("a.json", "[]");
    writeFileSync(join(root, "a.json"), '{"question":"?"}');
    expect(rejected.reviewChanges(0)).toEqual([]);
    writeFileSync(join(root, "a.json"), '{"question":"why?"}');
    expect(rejected.reviewChanges(1000)).toEqual([]);
    expect(rejected.reviewChanges(2500)).toEqual([]);
    expect(rejected.reviewChanges(3000)).toEqual(["a.json"]);
    expect(readFileSync(join(intents, "a.json"), "utf8")).toBe('{"question":"why?"}');
    rejected.reviewChanges(3001);
    expect(readdirSync(root)).toEqual([]);
  });

  test("notices an edit that was made while nobody looked", () => {
    reject("a.json", "[]");
    writeFileSync(join(root, "a.json"), "{}");
    rejected = open();
    rejected.reviewChanges(0);
    expect(rejected.reviewChanges(2000)).toEqual(["a.json"]);
  });

  test("gives a file its first name back, or a number when that is taken", () => {
    reject("a.json", "1");
    expect(reject("a.json", "2")).toBe("a.1.json");
    for (const name of ["a.json", "a.1.json"]) writeFileSync(join(root, name), JSON.stringify({ name }));
    rejected.reviewChanges(0);
    expect([...rejected.reviewChanges(2000)].toSorted()).toEqual(["a.1.json", "a.json"]);
  });

  test("gives a file back once, also when an earlier run had copied it before it was cut off", () => {
    reject("a.json", "1");
    for (const path of [join(root, "a.json"), join(intents, "a.json")]) {
      writeFileSync(path, "{}");
      utimesSync(path, 1000, 1000);
    }
    rejected.reviewChanges(0);
    expect(rejected.reviewChanges(2000)).toEqual(["a.json"]);
    expect(existsSync(join(root, "a.json"))).toBe(false);
    expect(readdirSync(intents).toSorted()).toEqual(["a.json", "rejected"]);
  });

  test("looks at a file that someone put there", () => {
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, "by_hand.json"), "{}");
    rejected.reviewChanges(0);
    expect(rejected.reviewChanges(2000)).toEqual(["by_hand.json"]);
  });

  test("a missing directory holds nothing", () => {
    expect(rejected.reviewChanges(0)).toEqual([]);
  });
});
