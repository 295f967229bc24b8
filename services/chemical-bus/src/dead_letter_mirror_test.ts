import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Broker } from "@kloros/journal";
import { testBroker } from "@kloros/journal/testing";
import { cpuWatch } from "@kloros/signal-schema/testing";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeadLetterMirror } from "./dead_letter_mirror.ts";

let dir: string;
let path: string;
let broker: Broker;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kloros-mirror-"));
  path = join(dir, "failed_signals.jsonl");
  broker = testBroker().broker;
});
afterEach(() => {
  broker.close();
  rmSync(dir, { recursive: true, force: true });
});

async function reject(n: number): Promise<void> {
  const id = `0198c5b5-0000-8000-8000-${String(n).padStart(12, "0")}`;
  const stored = broker.admin(
    "rejectContent",
    { id, error: `broken ${n}`, content: `{oops ${n}`, fields: { intent_file: `${n}.json` } },
    "intent-router",
  );
  broker.flush();
  await stored;
}

const numbers = (): unknown[] =>
  readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { dead_letter?: number }).dead_letter);

test("a dead letter becomes one line in the shape that existing tools read", async () => {
  await reject(1);
  expect(await new DeadLetterMirror(path, broker).catchUp()).toBe(1);
  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({
    intent_file: "1.json",
    content: "{oops 1",
    error: "broken 1",
    daemon: "intent_router",
    dead_letter: 1,
  });
});

test("a new mirror goes on where the file ends, behind foreign lines and half lines", async () => {
  await reject(1);
  await new DeadLetterMirror(path, broker).catchUp();
  appendFileSync(path, '{"signal":"old","error":"x"}\n{"half');
  await reject(2);
  expect(await new DeadLetterMirror(path, broker).catchUp()).toBe(1);
  const lines = readFileSync(path, "utf8").split("\n");
  expect(lines).toHaveLength(5);
  expect(JSON.parse(lines[3] ?? "")).toMatchObject({ dead_letter: 2 });
  expect(await new DeadLetterMirror(path, broker).catchUp()).toBe(0);
});

test("a line that was cut in half is written again as a whole", async () => {
  for (const n of [1, 2, 3]) await reject(n);
  await new DeadLetterMirror(path, broker).catchUp();
  truncateSync(path, readFileSync(path).length - 20);
  expect(await new DeadLetterMirror(path, broker).catchUp()).toBe(1);
  const whole = readFileSync(path, "utf8").trim().split("\n");
  expect(whole).toHaveLength(4);
  expect(JSON.parse(whole[3] ?? "")).toMatchObject({ dead_letter: 3 });
});

test("many are written in pages, in order, once", async () => {
  for (let n = 1; n <= 450; n++) await reject(n);
  const mirror = new DeadLetterMirror(path, broker);
  expect(await mirror.catchUp()).toBe(450);
  await reject(451);
  expect(await mirror.catchUp()).toBe(1);
  expect(numbers()).toEqual(Array.from({ length: 451 }, (_, i) => i + 1));
});

test("a large file of somebody else's is looked through once, not once for each piece", async () => {
  const line = `${JSON.stringify({ signal: "old", error: "x".repeat(300) })}\n`;
  await reject(1);
  await new DeadLetterMirror(path, broker).catchUp();
  appendFileSync(path, line.repeat(80_000));
  const cpuMs = cpuWatch();
  expect(await new DeadLetterMirror(path, broker).catchUp()).toBe(0);
  expect(cpuMs()).toBeLessThan(1500);
});

test("a line longer than a piece is still found to be ours", async () => {
  const content = "y".repeat(200_000);
  const id = "0198c5b5-0000-8000-8000-000000000001";
  const stored = broker.admin("rejectContent", { id, error: "long", content, fields: {} }, "intent-router");
  broker.flush();
  await stored;
  await new DeadLetterMirror(path, broker).catchUp();
  expect(await new DeadLetterMirror(path, broker).catchUp()).toBe(0);
});

describe("a file that has grown large", () => {
  const read = (name: string): unknown[] =>
    readFileSync(join(dir, name), "utf8")
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { dead_letter?: number }).dead_letter);

  test("is set aside as a whole, and nothing is written twice or left out, also by new mirrors", async () => {
    for (let n = 1; n <= 12; n++) {
      await reject(n);
      await new DeadLetterMirror(path, broker, { bytesMax: 500 }).catchUp();
    }
    const names = [
      "failed_signals.jsonl.3",
      "failed_signals.jsonl.2",
      "failed_signals.jsonl.1",
      "failed_signals.jsonl",
    ];
    const all = names.flatMap(read);
    expect(all).toEqual(Array.from({ length: all.length }, (_, i) => 13 - all.length + i));
    expect(readdirSync(dir)).toHaveLength(4);
  });

  test("leaves a mirror that was killed right after that where it was", async () => {
    for (const n of [1, 2]) await reject(n);
    await new DeadLetterMirror(path, broker).catchUp();
    renameSync(path, `${path}.1`);
    await reject(3);
    expect(await new DeadLetterMirror(path, broker).catchUp()).toBe(1);
    expect(numbers()).toEqual([3]);
  });
});

test("a journal that was restored from before counts on, and its new letters are written", async () => {
  writeFileSync(path, '{"dead_letter":7,"error":"later"}\n');
  const mirror = new DeadLetterMirror(path, broker);
  expect(await mirror.catchUp()).toBe(0);
  await reject(1);
  expect(await mirror.catchUp()).toBe(1);
  expect(numbers()).toEqual([7, 1]);
});

test("a file that cannot be read keeps nobody from starting, and is caught up with once it can", async () => {
  mkdirSync(path);
  const mirror = new DeadLetterMirror(path, broker);
  await reject(1);
  expect(await mirror.catchUp().catch(() => "failed")).toBe("failed");
  rmdirSync(path);
  expect(await mirror.catchUp()).toBe(1);
});

test("a letter that was purged before its turn is passed over", async () => {
  for (const n of [1, 2]) await reject(n);
  const purged = broker.admin("purgeDeadLetters", { before: Number.MAX_SAFE_INTEGER });
  broker.flush();
  await purged;
  expect(await new DeadLetterMirror(path, broker).catchUp()).toBe(1);
  expect(numbers()).toEqual([2]);
});

test("a page that a full disk did not take is written when there is room again", async () => {
  symlinkSync("/dev/full", path);
  const mirror = new DeadLetterMirror(path, broker);
  await reject(1);
  await reject(2);
  expect(await mirror.catchUp().catch(String)).toContain("ENOSPC");
  rmSync(path);
  writeFileSync(path, "");
  expect(await mirror.catchUp()).toBe(2);
  expect(numbers()).toEqual([1, 2]);
});
