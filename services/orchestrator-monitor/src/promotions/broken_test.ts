import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { NOTHING_REMEMBERED } from "./decide.ts";
import { settle } from "./settle.ts";
import { cycleOf } from "./testing/cycles.ts";
import { openDreamBench, type DreamBench } from "./testing/dream_bench.ts";

let bench: DreamBench;
beforeEach(() => {
  bench = openDreamBench();
});
afterEach(() => bench.remove());

const told = (): unknown => bench.published("Q_PROMOTIONS_DETECTED").at(-1)?.facts["promotion_files"];
/** Written long ago, so that no writer is waited for. */
function putOld(name: string, content: string | Uint8Array): void {
  const path = bench.put(name, content);
  utimesSync(path, new Date(bench.nowMs - 10_000), new Date(bench.nowMs - 10_000));
}

describe("a broken promotion is told of by file, line and remedy, and holds up nobody:", () => {
  test.each<[string, string | Uint8Array, string]>([
    ["empty", "", "the file is empty; write the promotion again or remove the file"],
    ["white space", "  \n ", "line 2, column 2: it is not JSON: a value is missing; the text ends here"],
    [
      "byte order mark",
      "\uFEFF{}",
      "line 1, column 1: it begins with a byte order mark; save it as UTF-8 without",
    ],
    [
      "half written",
      '{"id": "x",\n "chan',
      "line 2, column 2: it is not JSON: a key in double quotes is missing",
    ],
    [
      "NaN",
      '{"id": "x",\n "fitness": NaN}',
      "line 2, column 13: it is not JSON: NaN is not JSON; write null",
    ],
    ["list", "[{}]", "line 1: it holds a list, a promotion is a JSON object; mend it or remove the file"],
    ["null", "null", "line 1: it holds null, a promotion is a JSON object"],
    ["not UTF-8", Buffer.from([0x7b, 0x0a, 0xe9, 0x7d]), "line 2: it is not UTF-8; save it as UTF-8"],
    ["too large", `{"x":"${"y".repeat(1_048_576)}"}`, "bytes, a promotion at most 1048576; remove it"],
  ])("%s", async (_, content, text) => {
    putOld("bad.json", content);
    bench.put("good.json");
    await bench.runner.look();
    await bench.runner.look();
    expect(told()).toEqual(["good.json"]);
    expect(bench.said.filter((one) => one.includes(`bad.json: ${text}`) || one.includes(text))).toHaveLength(
      1,
    );
    const [alert, ...more] = bench.published("Q_HEALTH_ALERT");
    expect(more).toEqual([]);
    expect(alert?.facts).toMatchObject({ alert_type: "promotion_broken", state: "raised", metric_value: 1 });
    expect(JSON.stringify(alert?.facts["details"])).toContain("bad.json");
    bench.put("bad.json");
    await bench.runner.look();
    expect((told() as string[]).toSorted()).toEqual(["bad.json", "good.json"]);
    expect(bench.published("Q_HEALTH_ALERT").at(-1)?.facts["state"]).toBe("cleared");
  });
});

test("a symbolic link is no promotion, and says so", async () => {
  symlinkSync("/etc/hostname", join(bench.promotions, "link.json"));
  bench.nowMs += 10_000;
  await bench.runner.look();
  expect(bench.said.join()).toContain("link.json: it is a symbolic link; put the file itself there");
});

test("what is no *.json file directly in the directory is left alone", async () => {
  for (const name of [".hidden.json", "notes.txt", "a.json.tmp"]) bench.put(name, "x");
  mkdirSync(join(bench.promotions, "sub.json"));
  await bench.runner.look();
  expect(bench.said).toEqual([]);
  expect(told()).toBeUndefined();
});

test("a file that is still being written is looked at again soon, without a word", async () => {
  const path = bench.put("slow.json", '{"id":');
  await bench.runner.look();
  expect(bench.said).toEqual([]);
  expect(bench.agains).toHaveLength(1);
  expect(bench.agains[0]).toBeLessThanOrEqual(2001);
  writeFileSync(path, '{"id":1}');
  await bench.runner.look();
  expect(told()).toEqual(["slow.json"]);
  expect(bench.agains).toHaveLength(1);
});

test("a directory that does not exist is no error", async () => {
  rmSync(join(bench.root, "dream_lab"), { recursive: true });
  await bench.runner.look();
  expect(bench.said).toEqual([]);
});

test("of very many the oldest 500 are named and all are counted", async () => {
  for (let n = 0; n < 700; n += 1) {
    const path = bench.put(`p${String(n).padStart(3, "0")}.json`, `{"n":${n}}`);
    const at = new Date(bench.nowMs - (n + 1) * 60_000);
    utimesSync(path, at, at);
  }
  await bench.runner.look();
  const [signal] = bench.published("Q_PROMOTIONS_DETECTED");
  expect(signal?.facts).toMatchObject({ promotion_count: 700, unacknowledged_count: 700 });
  const files = signal?.facts["promotion_files"] as string[];
  expect([files.length, files[0], files.at(-1)]).toEqual([500, "p699.json", "p200.json"]);
});

test("names as long as the file system allows are told of within a signal's size, and acknowledged", async () => {
  for (let n = 0; n < 400; n += 1)
    bench.put(`${"é".repeat(123)}${String(n).padStart(4, "0")}.json`, `{"n":${n}}`);
  await bench.runner.look();
  const [signal] = bench.published("Q_PROMOTIONS_DETECTED");
  expect(Buffer.byteLength(JSON.stringify(signal))).toBeLessThan(256 * 1024);
  const ids = signal?.facts["promotion_ids"] as string[];
  expect(ids.length).toBeGreaterThan(50);
  await bench.runner.lookBecause(cycleOf(ids.slice(0, 3)).deployed);
  expect(bench.files().filter((name) => name.startsWith("acknowledged/"))).toHaveLength(6);
});

test("what cannot be moved is told of, not announced, and moved when it can be", async () => {
  bench.put("a.json");
  await bench.runner.look();
  const ids = bench.published("Q_PROMOTIONS_DETECTED").at(-1)?.facts["promotion_ids"] as string[];
  bench.put("acknowledged", "in the way");
  await bench.runner.lookBecause(cycleOf(ids).deployed);
  expect(bench.published("Q_HEALTH_ALERT").at(-1)?.facts).toMatchObject({ alert_type: "promotion_stuck" });
  bench.nowMs += 60_000;
  await bench.runner.look();
  expect(bench.published("Q_PROMOTIONS_DETECTED")).toHaveLength(1);
  rmSync(join(bench.promotions, "acknowledged"));
  await bench.runner.look();
  expect(bench.files()).toEqual(["acknowledged", "acknowledged/a.json", "acknowledged/a_ack.json"]);
  expect(bench.published("Q_HEALTH_ALERT").at(-1)?.facts["state"]).toBe("cleared");
});

/** A loop of links is what nobody can read, root neither. */
function hide(path: string): () => void {
  renameSync(path, `${path}.aside`);
  symlinkSync(path, path);
  return () => {
    rmSync(path);
    renameSync(`${path}.aside`, path);
  };
}

async function waitingIds(): Promise<readonly string[]> {
  await bench.runner.look();
  return bench.published("Q_PROMOTIONS_DETECTED").at(-1)?.facts["promotion_ids"] as string[];
}

test("what is to be acknowledged or parked stays so while its file cannot be read", async () => {
  const place = { path: bench.promotions, acks: bench.promotions };
  const file = { file: "a@b.json", text: "EIO", fingerprint: "EIO", unread: true };
  const look = { place, failed: undefined, promotions: [], acknowledged: new Set<string>() };
  const due = ["a@b@1", "a@1"].map((id) => ({ id, cycle: "c", runTag: null, atMs: 1 }));
  const memory = { ...NOTHING_REMEMBERED, due };
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const { open } = await settle([{ ...look, broken: [file], parked: [], againInMs: undefined }], memory, {
    log,
    count: () => {},
    parkAfter: 3,
    claimed: new Map(),
  });
  expect([...open]).toEqual(["a@b@1"]);
});

test("what is to be acknowledged stays so while it is claimed and cannot be put back, which is told", async () => {
  bench.put("a.json");
  const ids = await waitingIds();
  const aside = join(bench.root, "a.json");
  renameSync(join(bench.promotions, "a.json"), aside);
  bench.put(".claimed", "in the way");
  await bench.runner.lookBecause(cycleOf(ids).deployed);
  expect(bench.published("Q_HEALTH_ALERT").at(-1)?.facts).toMatchObject({ alert_type: "promotion_stuck" });
  rmSync(join(bench.promotions, ".claimed"));
  mkdirSync(join(bench.promotions, ".claimed"));
  renameSync(aside, join(bench.promotions, ".claimed/a.json"));
  await bench.runner.look();
  expect(bench.files()).toContain("acknowledged/a.json");
});

test("what was broken or parked is not over because its directory cannot be read", async () => {
  bench.put("a.json");
  bench.put("b.json", "[]");
  bench.nowMs += 3000;
  const ids = await waitingIds();
  for (let n = 0; n < 3; n += 1) await bench.runner.lookBecause(cycleOf(ids, "failed").complete);
  const standing = () =>
    bench.published("Q_HEALTH_ALERT").map(({ facts }) => [facts["alert_type"], facts["state"]]);
  const before = standing();
  expect(before.toSorted()).toEqual([
    ["promotion_broken", "raised"],
    ["promotion_parked", "raised"],
  ]);
  const show = hide(bench.promotions);
  await bench.runner.look();
  show();
  await bench.runner.look();
  expect(standing().slice(before.length)).toEqual([
    ["promotion_stuck", "raised"],
    ["promotion_stuck", "cleared"],
  ]);
});

const elsewhere = "/dev/shm";
const otherFileSystem =
  (statSync(elsewhere, { throwIfNoEntry: false })?.dev ?? 0) !== statSync(import.meta.dir).dev;

test.skipIf(!otherFileSystem)("acknowledged/ may lie on another file system", async () => {
  const target = mkdtempSync(join(elsewhere, "kloros-acks-"));
  try {
    symlinkSync(target, join(bench.promotions, "acknowledged"));
    for (const content of ['{"n":1}', '{"n":2}']) {
      bench.put("a.json", content);
      await bench.runner.look();
      const ids = bench.published("Q_PROMOTIONS_DETECTED").at(-1)?.facts["promotion_ids"] as string[];
      await bench.runner.lookBecause(cycleOf(ids).deployed);
    }
    expect(existsSync(join(bench.promotions, "a.json"))).toBe(false);
    const kept = [...new Bun.Glob("*").scanSync(target)].toSorted();
    expect(kept).toEqual(["a.1.json", "a.1_ack.json", "a.json", "a_ack.json"]);
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
});
