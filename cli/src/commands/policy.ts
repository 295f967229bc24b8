/** `kloros policy`: the rules that decide. Needs no bus. */
import { relative, resolve } from "node:path";
import type { Command } from "commander";
import { addCommonOptions } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import type { CliExit } from "../exit_codes.ts";
import { findPlace } from "../place.ts";
import { performing, type Session } from "../session.ts";
import { ago, moment, plural } from "../view/amounts.ts";
import { printable } from "../view/describe_facts.ts";
import type { RuleView } from "../policy/rule_views.ts";

const CHECK_HELP = `
Every problem is told with file, line and column, and what to do. Exit code: 0 the file is
right, 1 it is not. The engine itself refuses a wrong file as a whole and keeps its rules.

Examples:
  kloros policy check .kloros/policies.yaml
  kloros policy check new.yaml && cp new.yaml .kloros/policies.yaml
  kloros policy check                          the file of the installation
`;

const SHOW_HELP = `
As the engine has them, or had them when it ran last.

Examples:
  kloros policy show
  kloros policy show --json | jq '.rules[] | select(.enabled)'
`;

export function policyCommand(program: Command, environment: Environment): void {
  const policy = program
    .command("policy")
    .summary("the rules that decide: check, show")
    .description("The rules by which it is decided to start something.")
    .addHelpText("after", "\nExamples:\n  kloros policy check policies.yaml\n  kloros policy show\n");
  const check = policy
    .command("check")
    .description("Says whether a file of rules is right, and everything that is wrong with it.")
    .argument("[file]", "the file (default: that of the installation)")
    .addHelpText("after", CHECK_HELP)
    .action(performing(environment, checkFile));
  const show = policy
    .command("show")
    .description("Shows the rules in force: when they fired last, what holds them back.")
    .addHelpText("after", SHOW_HELP)
    .action(performing(environment, showRules));
  for (const command of [check, show]) addCommonOptions(command);
}

async function checkFile(session: Session, [file]: readonly string[]): Promise<CliExit> {
  const { checkPolicies, formatRuleProblem } = await import("@kloros/policy-engine");
  const { environment, flags } = session;
  const path =
    file === undefined
      ? (await findPlace(flags, environment)).paths.policies
      : resolve(environment.cwd, file);
  const { problems, rules } = await checkPolicies(path);
  const exit = problems.length === 0 ? "ok" : "negative";
  if (session.json) {
    await session.printJson({ file: path, ok: problems.length === 0, problems, rules });
    return exit;
  }
  for (const problem of problems)
    session.say(printable(formatRuleProblem({ ...problem, file: shown(environment.cwd, path) })));
  if (problems.length === 0) await session.print(`${path} is right: ${plural(rules.length, "rule")}`);
  return exit;
}

/** As one would type it. */
function shown(cwd: string, path: string): string {
  const near = relative(cwd, path);
  return near === "" || near.startsWith("..") ? path : near;
}

async function showRules(session: Session): Promise<CliExit> {
  const { gatherRules } = await import("../policy/rule_views.ts");
  const { paths } = await findPlace(session.flags, session.environment);
  const gathered = await gatherRules(paths, session.environment.nowMs());
  if (session.json) await session.printJson(gathered);
  else if (gathered === undefined)
    session.say(`no rules were in force in ${paths.home} yet: policy-engine never ran here`);
  else {
    const { source, hash, sinceMs, rules } = gathered;
    const since = sinceMs === undefined ? "" : `, in force since ${moment(sinceMs)} UTC`;
    await session.print(
      `${plural(rules.length, "rule")} from ${printable(source)}${since}  ${session.palette.faint(hash)}`,
      ...rules.flatMap((rule) => ["", ...ruleLines(session, rule)]),
    );
  }
  return gathered === undefined ? "negative" : "ok";
}

function ruleLines({ palette, environment }: Session, rule: RuleView): readonly string[] {
  const nowMs = environment.nowMs();
  const field = (name: string, text: string): string =>
    `  ${palette.faint(name.padEnd(8))} ${printable(text)}`;
  const off = rule.enabled ? "" : palette.warn("  switched off");
  const paused = rule.paused === undefined ? "" : palette.warn(`  ${printable(rule.paused)}`);
  const { lastFired, newest } = rule;
  return [
    `${palette.strong(printable(rule.name))}${off}${paused}`,
    `  ${printable(rule.description)}`,
    field("on", rule.on.join(", ")),
    ...(rule.when === "" ? [] : [field("when", rule.when)]),
    field("emits", rule.emits),
    ...rule.controls.map((control, index) => field(index === 0 ? "but" : "", control)),
    field(
      "fired",
      lastFired === undefined
        ? "never, as far as the log goes"
        : `${ago(lastFired.atMs, nowMs)}, ${rule.emits} ${lastFired.triggerId ?? ""}`,
    ),
    ...(newest === undefined
      ? []
      : [
          field(
            "judged",
            `${ago(newest.atMs, nowMs)}: ${newest.outcome.replaceAll("_", " ")}${newest.reason === undefined ? "" : `, ${newest.reason}`}`,
          ),
        ]),
    ...rule.cooling.map(({ subject, untilMs }) =>
      field("cooling", `${subject} until ${moment(untilMs)} UTC`),
    ),
  ];
}
