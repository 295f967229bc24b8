import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type IntentPlaces, type RejectedFile, resubmitFile } from "./resubmit_file.ts";

const DEAD_AT = 1_763_856_000_000;
const bytes = (text: string): Uint8Array => Buffer.from(text);

let places: IntentPlaces;
beforeEach(() => {
  const intents = mkdtempSync(join(tmpdir(), "kloros-resubmit-"));
  places = { intents, intentsRejected: join(intents, "rejected") };
  mkdirSync(places.intentsRejected);
});
afterEach(() => rmSync(places.intents, { recursive: true, force: true }));

function letter(more: Partial<RejectedFile> = {}): RejectedFile {
  return { n: 3, name: "a.json", content: bytes("{oops"), whole: true, deadAt: DEAD_AT, ...more };
}
const intents = (): string[] => readdirSync(places.intents).toSorted();
const textOf = (name: string): string => readFileSync(join(places.intents, name), "utf8");
const keep = (name: string, text: string): void => writeFileSync(join(places.intentsRejected, name), text);

test("moves the file from among the rejected, with the letter's time", () => {
  keep("a.json", "{oops");
  expect(resubmitFile(places, letter())).toBe("a.json");
  expect(intents()).toEqual(["a.json", "rejected"]);
  expect(readdirSync(places.intentsRejected)).toEqual([]);
  expect(statSync(join(places.intents, "a.json")).mtimeMs).toBe(DEAD_AT);
});

test("writes it from the letter when it is not there any more, and leaves others of its name alone", () => {
  keep("a.json", "{other");
  writeFileSync(join(places.intents, "a.json"), "{newer");
  expect(resubmitFile(places, letter())).toBe("a.1.json");
  expect(textOf("a.1.json")).toBe("{oops");
  expect(textOf("a.json")).toBe("{newer");
  expect(readdirSync(places.intentsRejected)).toEqual(["a.json"]);
});

test("finds it among several that were rejected under one name", () => {
  keep("a.json", "{othe");
  keep("a.1.json", "{oops");
  expect(resubmitFile(places, letter())).toBe("a.json");
  expect(readdirSync(places.intentsRejected)).toEqual(["a.json"]);
});

test("done again before the letter was noted, it is the same file", () => {
  resubmitFile(places, letter());
  const { mtimeMs } = statSync(join(places.intents, "a.json"));
  expect(resubmitFile(places, letter())).toBe("a.json");
  expect(intents()).toEqual(["a.json", "rejected"]);
  expect(statSync(join(places.intents, "a.json")).mtimeMs).toBe(mtimeMs);
});

test("cut off half way, it goes on", () => {
  const large = letter({ whole: false });
  keep("a.json", "{oops, and so on");
  renameSync(join(places.intentsRejected, "a.json"), join(places.intents, ".resubmit-3.tmp"));
  expect(resubmitFile(places, large)).toBe("a.json");
  expect(textOf("a.json")).toBe("{oops, and so on");
  expect(intents()).toEqual(["a.json", "rejected"]);
});

test("an edited one takes the place of the rejected one", () => {
  keep("a.json", "{oops");
  resubmitFile(places, letter({ edited: bytes("{}") }));
  expect(textOf("a.json")).toBe("{}");
  expect(readdirSync(places.intentsRejected)).toEqual([]);
});

test("what is not known whole is not cut short", () => {
  expect(() => resubmitFile(places, letter({ whole: false }))).toThrow("only the first 5 bytes");
  keep("a.json", "{oops, and so on");
  resubmitFile(places, letter({ whole: false }));
  expect(textOf("a.json")).toBe("{oops, and so on");
});

test.each(["../a.json", ".hidden.json", "a.txt", "a/b.json", ""])(
  "a name that is none is refused: %j",
  (name) => {
    expect(() => resubmitFile(places, letter({ name }))).toThrow("no name of an intent file");
    expect(existsSync(join(places.intents, "..", "a.json"))).toBe(false);
  },
);
