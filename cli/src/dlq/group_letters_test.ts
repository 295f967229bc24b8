import { cpuWatch } from "@kloros/signal-schema/testing";
import { expect, test } from "bun:test";
import { forRandomCases } from "../testing/random_cases.ts";
import { LetterGroups, commonError } from "./group_letters.ts";

test("an error loses what makes it this one's", () => {
  const cases: [string, string][] = [
    ["timeout after 30000 ms", "timeout after <n> ms"],
    ["signal 0198c5b5-0000-8000-8000-000000000001 failed\nat x", "signal <id> failed"],
    ["2026-01-31T08:00:00.123Z: no", "<time>: no"],
    ['there is no module "audio.codec"', 'there is no module "…"'],
    ["ENOENT: open '/srv/intents/a.json'", "ENOENT: open '<path>'"],
    ["hash e73f10497a0b86c7 differs", "hash <hex> differs"],
    ["a  plain\tone", "a plain one"],
  ];
  for (const [error, common] of cases) expect(commonError(error)).toBe(common);
});

test("errors of one fault are one group, most first", () => {
  const groups = new LetterGroups();
  const letter = { consumer: "c", signalName: "Q_A", reason: "attempts", error: "no", deadAt: 5 } as const;
  groups.add({ ...letter, n: 1, error: "line 7: bad" });
  groups.add({ ...letter, n: 2, error: "timeout after 3 ms", deadAt: 7 });
  groups.add({ ...letter, n: 3, error: "timeout after 44 ms", deadAt: 9 });
  groups.add({ ...letter, n: 4, consumer: "d", error: "timeout after 44 ms" });
  expect(groups.list()).toMatchObject([
    { count: 2, error: "timeout after <n> ms", firstAt: 7, lastAt: 9, newest: 3 },
    { count: 1, consumer: "d" },
    { count: 1, error: "line <n>: bad" },
  ]);
});

test("however different they are, the groups stay few and count all", () => {
  const groups = new LetterGroups();
  const letter = { consumer: "c", signalName: null, reason: "invalid", deadAt: 1 } as const;
  for (let n = 1; n <= 1500; n++) {
    const word = n.toString().replaceAll(/\d/g, (digit) => "qrstuvwxyz"[Number(digit)] ?? "");
    groups.add({ ...letter, n, error: word });
  }
  const list = groups.list();
  expect(list).toHaveLength(1001);
  expect(list.reduce((sum, { count }) => sum + count, 0)).toBe(1500);
});

test("normalising ends quickly and is bounded, whatever the text", async () => {
  const pieces = ["/a", '"', "1", "é", "\n", "-", "0198c5b5", ":", " ", "2026-01-31T", "x"];
  await forRandomCases(300, (dice) => {
    const text = dice.list(400, () => dice.pick(pieces)).join("");
    expect(commonError(text).length).toBeLessThanOrEqual(160);
  });
  const cpuMs = cpuWatch();
  commonError("/a".repeat(100_000) + '"'.repeat(1000) + "a".repeat(100_000));
  expect(cpuMs()).toBeLessThan(200);
});
