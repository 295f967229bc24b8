import { describe, expect, test } from "bun:test";
import { DreamConfigError } from "./dream_config_error.ts";
import { parseDreamConfig } from "./read_dream_config.ts";

const FILE = "/opt/site/dream.yaml";

function problemsOf(text: string): string[] {
  try {
    parseDreamConfig(FILE, text);
  } catch (error) {
    if (!(error instanceof DreamConfigError)) throw error;
    return error.message.split("\n").map((line) => line.replace(`${FILE}:`, ""));
  }
  return [];
}

function experiment(lines: string): string {
  return `experiments:\n  - name: one\n    evaluator: {command: [measure]}\n${lines}`;
}

function choicesOf(space: string): string[][] {
  const config = parseDreamConfig(FILE, experiment(`    search_space: ${space}\n`));
  return (config.experiments[0]?.parameters ?? []).map(({ choices }) => choices.map((one) => one.text));
}

/** Ten to the fourth aliases from five lines. */
const BOMB = [
  "a: &a [x]",
  ...["b", "c", "d", "e"].map((name, index) => {
    const before = "abcd"[index] ?? "";
    return `${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(", ")}]`;
  }),
  "experiments: *e",
].join("\n");

describe("readDreamConfig()", () => {
  test("names all errors at once, each with line, column and remedy", () => {
    const text = experiment(
      "    search_space: {a: [], b: {min: 3, max: 1}}\n    budget: {max_candidates: -3}\n    metrics: {target_direction: {m: upp}}\n",
    );
    const places = problemsOf(`${text}fitness_aggregation: {weights: {m: heavy}}\n`);
    expect(places.map((line) => line.split(" ")[0])).toEqual(["4:23:", "4:30:", "5:30:", "6:37:", "7:36:"]);
    for (const line of places) expect(line).toMatch(/^\d+:\d+: .+; .+/);
  });

  test.each([
    ["experiments: [\n", "2:1"],
    ["experiments: {}\n", "1:14"],
    ["- a\n", "1:1"],
    ["a: 1\na: 2\n", "2:1"],
    ["experiments:\n\t- name: x\n", "2:1"],
    ["experiments:\n  - *nowhere\n", "2:5"],
    [BOMB, "1:1"],
    ["experiments: &a [*a]\n", "1:17"],
    [experiment("    search_space: {a: &b [*b]}\n"), "2:3"],
    [`experiments: ${"[".repeat(1000)}${"]".repeat(1000)}\n`, "1:14"],
  ])("%p is refused at %s", (text, place) => {
    expect(problemsOf(text)[0]).toStartWith(place);
  });

  test("names a hundred syntax errors at most", () => {
    expect(problemsOf("[".repeat(1000))).toHaveLength(100);
  });

  test.each(["../x", "a/b", ".hidden", "winners", "a..b", "x.json"])(
    "an experiment called %p is refused",
    (name) => {
      const text = `experiments:\n  - name: ${JSON.stringify(name)}\n    search_space: {a: [1]}\n    evaluator: {command: [x]}\n`;
      expect(problemsOf(text)).toHaveLength(1);
    },
  );

  test("reads lists, ranges and fixed values, with the numbers as they were written", () => {
    expect(choicesOf("{a: [8, 3.0, 3], b: {min: 0.0, max: 0.3, step: 0.1}, c: fixed}")).toEqual([
      ["3.0", "3", "8"],
      ["0.0", "0.1", "0.2", "0.3"],
      ['"fixed"'],
    ]);
    expect(choicesOf("{a: {min: 1, max: 9, step: 4}, b: [on, off, null, [1, 2.0]], y: [y]}")).toEqual([
      ["1", "5", "9"],
      ["true", "false", "null", "[1, 2.0]"],
      ['"y"'],
    ]);
    expect(choicesOf("{a: [e5, ., E10, -e5, .5, 5., 1.5e+3, 1e-3, .inf.]}")).toEqual([
      ['"e5"', '"."', '"E10"', '"-e5"', "0.5", "5.0", "1500.0", "0.001", '".inf."'],
    ]);
  });

  test("a logarithmic range of whole numbers holds each once", () => {
    const [texts = []] = choicesOf("{a: {min: 1, max: 64, log: true}}");
    expect(texts[0]).toBe("1");
    expect(texts.at(-1)).toBe("64");
    expect(new Set(texts).size).toBe(texts.length);
  });

  test("keys that are not known are warnings, with the name that was meant", () => {
    const config = parseDreamConfig(FILE, experiment("    search_space: {a: [1]}\n    budgets: {}\n"));
    expect(config.warnings.map(({ line, remedy }) => [line, remedy])).toEqual([[5, "did you mean budget?"]]);
  });

  test("keys with nothing behind them count as not written, but for flags", () => {
    const empty = experiment(
      "    search_space: {a: [1]}\n    budget:\n    selector: {kind: }\n    metrics: {target_direction: {m: up}, map: }\n",
    ).replace("[measure]}", "[measure], init_kwargs: }");
    expect(problemsOf(`${empty}fitness_aggregation:\nrun:\n`)).toEqual([]);
    expect(problemsOf(`${empty}    enabled:\n`)).toHaveLength(1);
    expect(problemsOf("experiments:\n")[0]).toStartWith("1:13");
  });

  test("a disabled experiment may be incomplete, and its mapping is still known", () => {
    const config = parseDreamConfig(
      FILE,
      "experiments:\n  - {name: two, enabled: false, param_mapping: {a: KLR_A}}\n",
    );
    expect(config.experiments).toEqual([]);
    expect(config.warnings.length).toBeGreaterThan(0);
    expect(config.paramMappings.get("two")).toEqual({ a: "KLR_A" });
  });

  test("relative paths start where the installation's own runner started", () => {
    const text = "experiments: []\nrun: {artifact_root: artifacts/dream}\n";
    const inside = parseDreamConfig("/home/kloros/src/dream/config/dream.yaml", text);
    expect(inside.artifactRoot).toBe("/home/kloros/artifacts/dream");
    expect(parseDreamConfig(FILE, text).artifactRoot).toBe("/opt/site/artifacts/dream");
  });
});
