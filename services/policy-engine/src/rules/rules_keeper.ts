/**
 * Which rules are in force. The file is looked at again and again; a broken one changes nothing but what is told.
 *
 * At a start with a broken file the last good copy of it holds, so that a restart changes no rules; without a copy the
 * built-in rules do: an engine without rules would start nothing, and nobody would notice.
 */
import { existsSync, lstatSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inspectHome, writeFileAtomic } from "@kloros/daemon";
import type { Installation, Logger, Mode } from "@kloros/daemon";
import { DEFAULT_RULES_TEXT } from "./default_rules.ts";
import type { RuleSet } from "./rule.ts";
import { formatRuleProblem } from "./rule_problem.ts";
import { builtInRules, loadRules } from "./rule_set.ts";
import { ruleSchemaText } from "./rule_schema_text.ts";
import { readRulesText } from "./rules_text.ts";

export interface RulesKeeper {
  readonly inForce: RuleSet;
  /** Why the file is not what is in force; undefined: it is, or there is none and none is needed. */
  readonly trouble: string | undefined;
  /** Looks at the file. True: look again soon, it may be in the middle of being written. */
  look(): Promise<boolean>;
}

export interface RulesKeeperOptions {
  readonly paths: Pick<Installation, "home" | "state" | "policies">;
  readonly mode: Mode;
  readonly log: Pick<Logger, "info" | "warn" | "error">;
  /** Called with each set that comes into force, the first one included. */
  readonly onChange: (ruleSet: RuleSet) => void;
}

/** Problems that health names; all of them tell the log and `kloros policy check`. */
const TOLD_MAX = 5;

export async function keepRules(options: RulesKeeperOptions): Promise<RulesKeeper> {
  const { paths, mode, log } = options;
  const lastGood = join(paths.state, "policies.last_good.yaml");
  const own = inspectHome(paths.home).kind === "own";
  if (mode === "act" && own) await teach(paths, log);

  let trouble: string | undefined;
  /** What the file held at the last look that came to a result; undefined: there was none. */
  let seen: string | undefined;
  /** A text that is broken, and may be half of one: judged when it is still the same at the next look. */
  let suspect: string | undefined;

  let inForce = await firstRules();
  options.onChange(inForce);

  async function firstRules(): Promise<RuleSet> {
    const read = readRulesText(paths.policies);
    if (read.text === undefined && read.error === undefined) {
      log.info({ file: paths.policies }, "there is no file of rules: the built-in rules hold");
      return builtInRules();
    }
    seen = read.text;
    const loaded = read.text === undefined ? undefined : loadRules(read.text, paths.policies);
    if (loaded?.ok === true) {
      await saveGood(loaded.ruleSet);
      return loaded.ruleSet;
    }
    const why = loaded === undefined ? [String(read.error)] : loaded.problems.map(formatRuleProblem);
    const { text: kept } = readRulesText(lastGood);
    const copy = kept === undefined ? undefined : loadRules(kept, lastGood);
    const stay = copy?.ok === true ? "the last good copy of it holds" : "the built-in rules hold";
    refuse(why, stay);
    return copy?.ok === true ? copy.ruleSet : builtInRules();
  }

  function refuse(why: readonly string[], stay: string): void {
    const told = why.slice(0, TOLD_MAX);
    const more = why.length > TOLD_MAX ? ` (and ${String(why.length - TOLD_MAX)} more)` : "";
    trouble = `${paths.policies} is refused, ${stay}: ${told.join(" | ")}${more}`;
    for (const line of why) log.error({ file: paths.policies }, line);
    log.error({ file: paths.policies, problems: why.length }, `the file of rules is refused: ${stay}`);
  }

  async function saveGood({ text }: RuleSet): Promise<void> {
    if (mode !== "act") return;
    try {
      if (readRulesText(lastGood).text !== text) await writeFileAtomic(lastGood, text, { mode: 0o600 });
    } catch (error) {
      log.warn({ file: lastGood, error }, "no copy of the rules was kept for a start with a broken file");
    }
  }

  async function look(): Promise<boolean> {
    const { text, error } = readRulesText(paths.policies);
    if (text === undefined) {
      const gone = seen !== undefined && trouble === undefined;
      if (error === undefined && gone) {
        trouble = `${paths.policies} is gone, the rules that it held stay until the next start; put it back`;
        log.warn({ file: paths.policies }, trouble);
      } else if (error !== undefined && trouble === undefined) {
        refuse([error], "the rules in force stay");
      }
      suspect = undefined;
      return false;
    }
    if (text === inForce.text && inForce.source === paths.policies) {
      seen = text;
      suspect = undefined;
      trouble = undefined;
      return false;
    }
    if (text === seen) return false;
    const loaded = loadRules(text, paths.policies);
    if (!loaded.ok && suspect !== text) {
      suspect = text;
      return true;
    }
    seen = text;
    suspect = undefined;
    if (!loaded.ok) {
      refuse(loaded.problems.map(formatRuleProblem), "the rules in force stay");
      return false;
    }
    await saveGood(loaded.ruleSet);
    inForce = loaded.ruleSet;
    trouble = undefined;
    const { hash, rules } = inForce;
    log.info({ file: paths.policies, hash, rules: rules.length }, "other rules are in force");
    options.onChange(inForce);
    return false;
  }

  return {
    get inForce() {
      return inForce;
    },
    get trouble() {
      return trouble;
    },
    look,
  };
}

/** On a home of our own: the default file, commented so that it teaches, and the schema that its first line names. */
async function teach(
  { policies }: RulesKeeperOptions["paths"],
  log: RulesKeeperOptions["log"],
): Promise<void> {
  const schema = join(dirname(policies), "policies.schema.json");
  try {
    const text = ruleSchemaText();
    if (!existsSync(schema) || readFileSync(schema, "utf8") !== text) await writeFileAtomic(schema, text);
    // A link that leads nowhere is somebody's, too: what it leads to may come back.
    if (lstatSync(policies, { throwIfNoEntry: false }) !== undefined) return;
    await writeFileAtomic(policies, DEFAULT_RULES_TEXT);
    log.info({ file: policies }, "there was no file of rules: the default one was written");
  } catch (error) {
    log.warn(
      { file: policies, error },
      "the default file of rules cannot be written; its rules hold all the same",
    );
  }
}
