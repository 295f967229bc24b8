import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeTestHome } from "@kloros/daemon/testing";
import type { TestHome } from "@kloros/daemon/testing";
import { checkPolicies } from "./check_policies.ts";
import { DEFAULT_RULES_TEXT } from "./default_rules.ts";
import { keepRules } from "./rules_keeper.ts";
import type { RulesKeeper, RulesKeeperOptions } from "./rules_keeper.ts";

let home: TestHome;
let said: string[];
beforeEach(() => {
  home = makeTestHome();
  said = [];
});
afterEach(() => home.remove());

function keep(options: Partial<RulesKeeperOptions> = {}): Promise<RulesKeeper> {
  const say = (_: object, message: string): void => void said.push(message);
  const log = { info: say, warn: say, error: say };
  return keepRules({ paths: home.paths, mode: "act", log, onChange: () => undefined, ...options });
}

const names = ({ inForce }: RulesKeeper): readonly string[] => inForce.rules.map(({ name }) => name);
const OTHER = DEFAULT_RULES_TEXT.replace("name: open-phase-window", "name: another");
const BROKEN = DEFAULT_RULES_TEXT.replace("facts.unacknowledged_count", "facts.unacknowledged_cuont");
const DEFAULTS = ["promotions-start-dream", "open-phase-window"];

describe("keepRules()", () => {
  test("writes a file that teaches and its schema on a home of our own", async () => {
    const keeper = await keep();
    expect(names(keeper)).toEqual(DEFAULTS);
    expect(readFileSync(home.paths.policies, "utf8")).toBe(DEFAULT_RULES_TEXT);
    expect(existsSync(join(home.home, "policies.schema.json"))).toBe(true);
    expect(await checkPolicies(home.paths.policies)).toMatchObject({ problems: [] });
  });

  test("writes nothing in observe mode, nor on somebody else's home, and says which rules hold", async () => {
    expect(names(await keep({ mode: "observe" }))).toEqual(DEFAULTS);
    const foreign = mkdtempSync(join(tmpdir(), "kloros-foreign-"));
    mkdirSync(join(foreign, "state"));
    writeFileSync(join(foreign, "something"), "");
    try {
      const policies = join(foreign, "policies.yaml");
      await keep({ paths: { home: foreign, state: join(foreign, "state"), policies } });
      expect(existsSync(policies)).toBe(false);
    } finally {
      rmSync(foreign, { recursive: true });
    }
    expect(existsSync(home.paths.policies)).toBe(false);
    expect(said).toEqual(
      Array.from({ length: 2 }, () => "there is no file of rules: the built-in rules hold"),
    );
  });

  test("takes a changed file, and refuses a broken one with every mistake while the rules in force stay", async () => {
    const keeper = await keep();
    writeFileSync(home.paths.policies, OTHER);
    expect(await keeper.look()).toBe(false);
    expect(names(keeper)).toContain("another");
    writeFileSync(home.paths.policies, BROKEN);
    // The first look may have met half a file.
    expect(await keeper.look()).toBe(true);
    expect(keeper.trouble).toBeUndefined();
    expect(await keeper.look()).toBe(false);
    expect(names(keeper)).toContain("another");
    expect(keeper.trouble).toContain("policies.yaml:21:11: Q_PROMOTIONS_DETECTED has no fact");
    expect(said.at(-1)).toBe("the file of rules is refused: the rules in force stay");
    const told = said.length;
    await keeper.look();
    expect(said).toHaveLength(told);
    writeFileSync(home.paths.policies, OTHER);
    await keeper.look();
    expect(keeper.trouble).toBeUndefined();
  });

  test("holds on to the last good copy at a start with a broken file", async () => {
    writeFileSync(home.paths.policies, OTHER);
    await keep();
    writeFileSync(home.paths.policies, BROKEN);
    const keeper = await keep();
    expect(names(keeper)).toContain("another");
    expect(keeper.trouble).toContain("the last good copy of it holds");
    writeFileSync(home.paths.policies, DEFAULT_RULES_TEXT);
    await keeper.look();
    expect(names(keeper)).toEqual(DEFAULTS);
    expect(keeper.trouble).toBeUndefined();
  });

  test("falls back to the built-in rules at a start with a broken file and no copy", async () => {
    writeFileSync(home.paths.policies, BROKEN);
    const keeper = await keep();
    expect(names(keeper)).toEqual(DEFAULTS);
    expect(keeper.trouble).toContain("the built-in rules hold");
  });

  test("keeps its rules when the file is gone, and says so until it is back", async () => {
    writeFileSync(home.paths.policies, OTHER);
    const keeper = await keep();
    unlinkSync(home.paths.policies);
    await keeper.look();
    expect(names(keeper)).toContain("another");
    expect(keeper.trouble).toContain("is gone");
    writeFileSync(home.paths.policies, OTHER);
    await keeper.look();
    expect(keeper.trouble).toBeUndefined();
  });

  test("tells of a file that cannot be read as of any other mistake", async () => {
    mkdirSync(home.paths.policies);
    const keeper = await keep();
    expect(keeper.trouble).toContain("cannot be read");
    expect((await checkPolicies(home.paths.policies)).problems[0]?.text).toContain("cannot be read");
    expect((await checkPolicies(join(home.home, "none.yaml"))).problems[0]?.text).toBe(
      "there is no such file",
    );
  });

  test("leaves a link that leads nowhere, and follows it when it leads somewhere", async () => {
    const target = join(home.home, "elsewhere.yaml");
    symlinkSync(target, home.paths.policies);
    const keeper = await keep();
    expect(names(keeper)).toEqual(DEFAULTS);
    expect(lstatSync(home.paths.policies).isSymbolicLink()).toBe(true);
    writeFileSync(target, OTHER);
    await keeper.look();
    expect(names(keeper)).toEqual(["promotions-start-dream", "another"]);
  });

  test("refuses a pipe, a directory and what is too large, instead of reading it", async () => {
    const { policies } = home.paths;
    Bun.spawnSync(["mkfifo", policies]);
    expect((await keep()).trouble).toContain("it is no file");
    expect((await checkPolicies(policies)).problems[0]?.text).toContain("it is no file");
    unlinkSync(policies);
    mkdirSync(policies);
    expect((await keep()).trouble).toContain("it is no file");
    rmSync(policies, { recursive: true });
    writeFileSync(policies, `${DEFAULT_RULES_TEXT}#${"x".repeat(600_000)}`);
    expect((await keep()).trouble).toContain("shorten it");
    expect((await checkPolicies(policies)).problems[0]?.text).toContain("shorten it");
  });
});
