/** `kloros pause`, `kloros resume`: one service or one rule rests. Needs no bus. */
import type { Command } from "commander";
import { addCommonOptions, type CommonFlags } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import { Failure } from "../exit_codes.ts";
import { loginName } from "../login_name.ts";
import { existingPlace } from "../place.ts";
import { timeSpan } from "../read_options.ts";
import { pauseTarget, type PauseTarget } from "../rest/pause_target.ts";
import { restJson } from "../rest/rest_note.ts";
import { performing, type Session } from "../session.ts";
import { printable } from "../view/describe_facts.ts";

const PAUSE_HELP = `
A paused service finishes what it began and takes nothing new; what comes for it is kept. A
paused rule decides nothing; it is recorded that it was paused. It stays so across restarts.
Where a rule has the name of a service, say rule:NAME. The bus cannot be paused.

Examples:
  kloros pause dream-consumer --for 2h --reason "the GPU is needed"
  kloros pause rule:promotions-start-dream
  kloros status                      shows what is paused
  kloros resume dream-consumer
`;

interface PauseFlags extends CommonFlags {
  readonly for?: number;
  readonly reason?: string;
}

const NAME = "name of a service or of a rule";

export function pauseCommand(program: Command, environment: Environment): void {
  const pause = program
    .command("pause")
    .summary("let a service or a rule rest")
    .description("Lets one service or one rule rest; nothing is lost.")
    .argument("<name>", NAME)
    .option("--for <time>", "ends by itself after 90s, 15m, 2h, 1d (default: only by `resume`)", timeSpan)
    .option("--reason <text>", "why, for whoever looks")
    .addHelpText("after", PAUSE_HELP)
    .action(performing<PauseFlags>(environment, pauseOne));
  addCommonOptions(pause);
}

export function resumeCommand(program: Command, environment: Environment): void {
  const resume = program
    .command("resume")
    .summary("let a paused service or rule go on")
    .description("Lets a paused service or rule go on; also when it is not paused.")
    .argument("<name>", NAME)
    .addHelpText("after", "\nExamples:\n  kloros resume dream-consumer\n")
    .action(performing(environment, resumeOne));
  addCommonOptions(resume);
}

async function pauseOne(session: Session<PauseFlags>, [typed = ""]: readonly string[]): Promise<undefined> {
  const { environment, flags } = session;
  const { paths, target, pauseName } = await found(session, typed);
  const { writePause, pauseText } = await import("@kloros/daemon");
  const nowMs = environment.nowMs();
  const untilMs = flags.for === undefined ? undefined : nowMs + flags.for;
  const text = { reason: flags.reason ?? "", by: loginName(environment.env), nowMs, untilMs };
  const pause = await writePause(paths, pauseName, text);
  if (session.json) await session.printJson({ ...target, ...restJson(pause) });
  else {
    await session.print(`the ${target.kind} ${target.name} is ${printable(pauseText(pause))}`);
    if (untilMs === undefined) session.say(`it stays so until: kloros resume ${typed}`);
  }
  return undefined;
}

async function resumeOne(session: Session, [typed = ""]: readonly string[]): Promise<undefined> {
  const { paths, target, pauseName } = await found(session, typed);
  const { removePause } = await import("@kloros/daemon");
  const changed = removePause(paths, pauseName);
  if (session.json) await session.printJson({ ...target, changed });
  else {
    const what = `the ${target.kind} ${target.name}`;
    await session.print(changed ? `${what} goes on` : `${what} was not paused`);
  }
  return undefined;
}

async function found(session: Session, typed: string) {
  const { knownTargets, pauseNameOf } = await import("../rest/known_targets.ts");
  const { paths } = await existingPlace(session.flags, session.environment);
  if (typed === "chemical-bus") {
    throw new Failure(
      "negative",
      "the bus cannot be paused: nobody could be told to go on; pause a service, or say `kloros maintenance on`",
    );
  }
  const target: PauseTarget = await pauseTarget(typed, await knownTargets(paths));
  return { paths, target, pauseName: pauseNameOf(target) };
}
