import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { parse } from "smol-toml";
import { createHome } from "../home.ts";
import { parseFlags } from "./flags.ts";
import { loadConfig } from "./load_config.ts";
import { printConfig } from "./print_config.ts";
import { ConfigError } from "./problem.ts";

const schema = Type.Object({
  scanIntervalMs: Type.Integer({
    default: 2000,
    minimum: 10,
    maximum: 600_000,
    description: "Between two scans.",
  }),
  legacyIntents: Type.Boolean({ default: false, description: "Write intent files." }),
  ratio: Type.Number({ default: 0.5, minimum: 0, maximum: 1, description: "A share." }),
  kind: Type.Union([Type.Literal("fast"), Type.Literal("safe")], {
    default: "safe",
    description: "Which way.",
  }),
  live: Type.Object({
    singleFrame: Type.Array(Type.String({ minLength: 1 }), { default: [], description: "Endpoints." }),
  }),
  types: Type.Record(Type.String(), Type.String(), { default: { a: "Q_A" }, description: "By intent type." }),
  apiKey: Type.String({ default: "", description: "For the model." }),
});

let base = "";
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "kloros-config-"));
  mkdirSync(join(base, "home"));
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

interface Given {
  readonly system?: string;
  readonly home?: string;
  readonly file?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly argv?: readonly string[];
}

function load({ system, home, file, env = {}, argv = [] }: Given) {
  if (system !== undefined) writeFileSync(join(base, "system.toml"), system);
  if (home !== undefined) writeFileSync(join(base, "home/kloros.toml"), home);
  if (file !== undefined) writeFileSync(join(base, "named.toml"), file);
  const named = file === undefined ? [] : ["--config", "named.toml"];
  return loadConfig({
    service: "intent-router",
    schema,
    flags: parseFlags(["--home", "home", ...named, ...argv]),
    env,
    cwd: base,
    systemFile: join(base, "system.toml"),
  });
}

function problems(given: Given): readonly string[] {
  try {
    load(given);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.message
        .replaceAll(`${base}/`, "")
        .split("\n")
        .slice(1)
        .map((line) => line.trim());
    throw error;
  }
  return [];
}

const section = (text: string): string => `[intent-router]\n${text}\n`;

describe("the order of the sources", () => {
  const layers: readonly (Given & { expected: number })[] = [
    { expected: 2000 },
    { system: section("scanIntervalMs = 11"), expected: 11 },
    { home: section("scanIntervalMs = 12"), expected: 12 },
    { file: section("scanIntervalMs = 13"), expected: 13 },
    { env: { KLOROS_INTENT_ROUTER_SCAN_INTERVAL_MS: "14" }, expected: 14 },
    { argv: ["--set", "scanIntervalMs=15"], expected: 15 },
  ];
  test.each(layers.map((_, index) => index))("with %p layers the last one wins", (index) => {
    const given: Given = Object.assign({}, ...layers.slice(0, index + 1)) as Given;
    expect(load(given).service.scanIntervalMs).toBe(layers[index]?.expected ?? 0);
  });

  test("flags for the common settings go before everything", () => {
    const { common } = load({
      home: '[kloros]\nmode = "act"\nlogLevel = "error"\n',
      argv: ["--observe", "--log-level", "debug"],
    });
    expect(common).toMatchObject({ mode: "observe", logLevel: "debug", home: join(base, "home") });
  });
});

describe("values", () => {
  const read: readonly [key: string, env: string, value: unknown][] = [
    ["scanIntervalMs", "500ms", 500],
    ["scanIntervalMs", "1.5m", 90_000],
    ["scanIntervalMs", "1_000", 1000],
    ["legacyIntents", "yes", true],
    ["legacyIntents", "0", false],
    ["ratio", "0.25", 0.25],
    ["kind", "fast", "fast"],
    ["types", '{"b": "Q_B"}', { b: "Q_B" }],
  ];
  test.each(read)("%s from the environment text %j", (key, text, value) => {
    const name = `KLOROS_INTENT_ROUTER_${key.replaceAll(/([A-Z])/g, "_$1").toUpperCase()}`;
    expect(load({ env: { [name]: text } }).service).toMatchObject({ [key]: value });
  });

  test("a duration may be written in a file too, a nested list by commas", () => {
    expect(load({ home: section('scanIntervalMs = "10s"') }).service.scanIntervalMs).toBe(10_000);
    const env = { KLOROS_INTENT_ROUTER_LIVE_SINGLE_FRAME: "tcp://a, tcp://b" };
    expect(load({ env }).service.live.singleFrame).toEqual(["tcp://a", "tcp://b"]);
    expect(load({ argv: ["--set", "live.singleFrame=x"] }).service.live.singleFrame).toEqual(["x"]);
  });

  test("a table of data is replaced as a whole", () => {
    expect(load({ home: "[intent-router.types]\nx = 'Q_X'\n" }).service.types).toEqual({ x: "Q_X" });
  });
});

describe("errors", () => {
  const table: readonly [what: string, given: Given, expected: string | RegExp][] = [
    [
      "a typing mistake names the line and what was meant",
      { home: section("# comment\nscan_interval_ms = 5") },
      "home/kloros.toml:3: [intent-router] scan_interval_ms: is not a setting; did you mean scanIntervalMs?",
    ],
    [
      "a value out of range",
      { home: section("scanIntervalMs = 1") },
      /^home\/kloros\.toml:2: \[intent-router\] scanIntervalMs = 1: expected integer to be greater or equal to 10; allowed: a whole number from 10 to 600000 \(ms\), or a duration/,
    ],
    [
      "an enumeration lists its values",
      { home: section('kind = "fsat"') },
      /kind = "fsat": .*allowed: "fast", "safe"$/,
    ],
    ["a text where a number belongs", { home: section('ratio = "0.5"') }, /ratio = "0.5": expected number/],
    [
      "an item of a nested list",
      { home: section("live.singleFrame = ['a', '']") },
      /live\.singleFrame.*at 1: /,
    ],
    ["a table where a value belongs", { home: section("ratio = {x = 1}") }, /ratio = \{"x":1\}/],
    [
      "a value where a table belongs",
      { home: section("live = 3") },
      /\[intent-router\] live = 3: holds settings; allowed: a table/,
    ],
    [
      "a key outside of any section",
      { home: "scanIntervalMs = 5\n" },
      /kloros\.toml:1: scanIntervalMs = 5: stands outside/,
    ],
    [
      "a misspelt section",
      { home: "\n[intent-ruoter]\n" },
      "home/kloros.toml:2: [intent-ruoter]: is no section; did you mean [intent-router]?",
    ],
    ["broken TOML", { home: section("ratio = = 3") }, /^home\/kloros\.toml:2: /],
    ["a home file that points elsewhere", { home: '[kloros]\nhome = "/else"\n' }, /contradicts the home/],
    [
      "an unknown variable of this service",
      { env: { KLOROS_INTENT_ROUTER_RATOI: "1" } },
      /did you mean KLOROS_INTENT_ROUTER_RATIO\?/,
    ],
    ["--set without a value", { argv: ["--set", "ratio"] }, /has no value; allowed: --set key=value/],
    [
      "an unknown --set",
      { argv: ["--set", "ratoi=1"] },
      "flag --set: [intent-router] ratoi: is not a setting; did you mean ratio?",
    ],
    [
      "a wrong value that a later source overrides",
      { home: section("ratio = 7"), env: { KLOROS_INTENT_ROUTER_RATIO: "1" } },
      /ratio = 7/,
    ],
    [
      "a secret is not repeated",
      { env: { KLOROS_INTENT_ROUTER_API_KEY: "x" }, home: section("apiKey = 77889") },
      /apiKey = \[redacted\]/,
    ],
  ];
  test.each(table)("%s", (_what, given, expected) => {
    const found = problems(given);
    expect(found).toHaveLength(1);
    if (typeof expected === "string") expect(found[0]).toBe(expected);
    else expect(found[0]).toMatch(expected);
  });

  test("all of them come at once, from all sources", () => {
    expect(
      problems({
        system: section("ratio = 2"),
        home: section("kind = 'x'"),
        file: section("nonsense = 1"),
        env: { KLOROS_LOG_LEVEL: "loud" },
        argv: ["--set", "ratio=3"],
      }),
    ).toHaveLength(5);
  });

  test("other services' sections and other variables are theirs to check", () => {
    expect(problems({ home: "[semantic-dedup]\nanything = 1\n", env: { KLOROS_CRASH_AT: "x" } })).toEqual([]);
  });
});

describe("the default home", () => {
  test("is ./.kloros when this software made it", () => {
    createHome(join(base, ".kloros"), { version: "1.0.0", nowMs: 0 });
    const loaded = loadConfig({
      service: "intent-router",
      schema,
      flags: parseFlags([]),
      env: {},
      cwd: base,
      systemFile: join(base, "none.toml"),
    });
    expect(loaded.home).toBe(join(base, ".kloros"));
  });
});

describe("printConfig()", () => {
  test("gives what can be read again, with origins", () => {
    const { effective } = load({
      home: section("scanIntervalMs = 7_000"),
      env: { KLOROS_INTENT_ROUTER_API_KEY: "hush" },
      argv: ["--set", "kind=fast"],
    });
    const text = printConfig(effective, "intent-router 1.0.0").replaceAll(`${base}/`, "");
    expect(parse(text)["intent-router"]).toMatchObject({
      scanIntervalMs: 7000,
      kind: "fast",
      types: { a: "Q_A" },
    });
    expect(text.slice(text.indexOf("[intent-router]"))).toBe(GOLDEN);
  });
});

const GOLDEN = `[intent-router]
# Between two scans.
scanIntervalMs = 7000 # home/kloros.toml:2
# Write intent files.
legacyIntents = false # default
# A share.
ratio = 0.5 # default
# Which way.
kind = "fast" # flag --set
# Endpoints.
live.singleFrame = [] # default
# By intent type.
types = { a = "Q_A" } # default
# For the model.
apiKey = "[redacted]" # environment KLOROS_INTENT_ROUTER_API_KEY
`;
