import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { DreamFolder } from "../testing/dream_folder.ts";
import { isUsableWinner, parseWinner, readWinner, readWinners } from "./read_winner.ts";

const GOOD =
  '{"updated_at": 1763116812, "best": {"fitness": 0.5, "params": {"top_k": 5, "temperature": 5e-1}, "metrics": {"score": 1, "name": "x"}}}';

describe("readWinners()", () => {
  test("reads the winners, and names the files that are none with the place", async () => {
    using folder = new DreamFolder();
    folder.write("a.json", GOOD);
    folder.write("b.json", '{\n "best": {"fitness": 1,, }}');
    folder.write("c.json", '{"best": {"fitness": "high", "params": {}}}');
    folder.write("d.json", "");
    folder.write(".a.json.kloros-tmp", "half");
    folder.write(".e.json", "half");
    const { winners, problems } = await readWinners(folder.path);
    expect(winners).toEqual([
      {
        experiment: "a",
        hash: "e73f10497a0b86c7",
        fitness: 0.5,
        params: { top_k: 5, temperature: 0.5 },
        metrics: { score: 1 },
        updatedAt: 1_763_116_812,
      },
    ]);
    expect(problems.map(({ problem }) => [problem.file.slice(folder.path.length + 1), problem.line])).toEqual(
      [
        ["b.json", 2],
        ["c.json", 1],
        ["d.json", 1],
      ],
    );
    expect(problems[0]?.message).toMatch(/b\.json:2:\d+: not valid JSON: .+; .+/);
  });

  test("a pipe is not waited for", async () => {
    using folder = new DreamFolder();
    Bun.spawnSync(["mkfifo", join(folder.path, "pipe.json")]);
    const { problems } = await readWinners(folder.path);
    expect(problems[0]?.message).toContain("no regular file");
  });

  test("a directory that is not there has none; a file that is not there is the system's error", async () => {
    expect(await readWinners("/no/such/winners")).toEqual({ winners: [], problems: [] });
    const error: unknown = await readWinner(join("/no/such", "x.json")).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: "ENOENT" });
  });
});

describe("isUsableWinner()", () => {
  test.each([
    [GOOD, true],
    ['{"best": {"fitness": -1e18, "params": {}, "metrics": null}}', false],
    ['{"best": {"fitness": -1e18, "params": {}, "metrics": {"a": 1}}}', false],
    ['{"best": {"fitness": 1, "params": {}, "metrics": null}}', false],
    ['{"best": {"fitness": NaN, "params": {}, "metrics": {}}}', false],
    ['{"best": {"fitness": 1, "params": {}, "metrics": {"hallucination_rate": NaN}}}', false],
    ['{"best": {"fitness": -3, "params": {}, "metrics": {}}}', true],
  ])("%s: %p", (text, usable) => expect(isUsableWinner(parseWinner("/w/x.json", text))).toBe(usable));
});

test("an integer that a JavaScript number would change keeps its digits", () => {
  const { params } = parseWinner(
    "/w/x.json",
    '{"best": {"fitness": 1, "params": {"seed": 12345678901234567890}}}',
  );
  expect(params).toEqual({ seed: "12345678901234567890" });
});
