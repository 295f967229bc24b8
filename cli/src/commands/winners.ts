/** `kloros winners`: what D-REAM won, and what a person decides about it. */
import type { Command } from "commander";
import type { WinnerRecord } from "@kloros/winner-deployer";
import { withBus } from "../bus_access.ts";
import { addCommonOptions, type CommonFlags } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import { type CliExit, Failure } from "../exit_codes.ts";
import { loginName } from "../login_name.ts";
import { findPlace } from "../place.ts";
import { timeSpan } from "../read_options.ts";
import { performing, type Session } from "../session.ts";
import { printable } from "../view/describe_facts.ts";
import type { Decided, Decision, Outcome } from "../winners/say_decision.ts";
import { findWinner } from "../winners/find_winner.ts";

const ID_HELP = `
A winner is named by its id, <experiment>:<hash>. The beginning of the hash is enough, and so
is the experiment when it has one winner only.
`;

const SHOW_HELP = `${ID_HELP}
Examples:
  kloros winners show rag_opt:e73f10497a0b86c7
  kloros winners show rag_opt --json
`;

const LIST_HELP = `
States: held (waits for your word), deployed, replaced (a later winner set its keys), rejected,
rolled_back, failed (taken back by itself), blocked (guardrail or allow-list: nobody can approve
that).

Examples:
  kloros winners list
  kloros winners list --state held --json
`;

const DECIDE_HELP = `${ID_HELP}
It is said on the bus as Q_WINNER_DECISION; winner-deployer carries it out and answers. When
the deployer does not run, the decision is kept and carried out later. Exit code 1: refused,
or no answer in time.

Examples:
  kloros winners approve rag_opt --reason "seen it work"
  kloros winners reject rag_opt:e73f
  kloros winners rollback rag_opt:e73f10497a0b86c7 --wait 2m
`;

const STATES: readonly WinnerRecord["state"][] = [
  "held",
  "deployed",
  "replaced",
  "rejected",
  "rolled_back",
  "failed",
  "blocked",
];

interface ListFlags extends CommonFlags {
  readonly state?: string;
}

interface DecideFlags extends CommonFlags {
  readonly reason?: string;
  /** False: `--no-wait`. True: neither was said. */
  readonly wait: number | boolean;
}

export function winnersCommand(program: Command, environment: Environment): void {
  const winners = program
    .command("winners")
    .summary("what D-REAM won: list, show, approve, reject, rollback")
    .description("Winners of D-REAM: what is deployed, what waits for your word, and giving it.")
    .addHelpText("after", "\nExamples:\n  kloros winners list\n  kloros winners approve rag_opt\n");
  const list = winners
    .command("list")
    .description("Lists the winners, oldest first. Needs no bus.")
    .option("--state <state>", `only those: ${STATES.join(", ")}`)
    .addHelpText("after", LIST_HELP)
    .action(performing<ListFlags>(environment, listThem));
  const show = winners
    .command("show")
    .description("Shows a winner whole: parameters, metrics, keys, why it is where it is. Needs no bus.")
    .argument("<id>", "of the winner")
    .addHelpText("after", SHOW_HELP)
    .action(performing(environment, showOne));
  for (const command of [list, show]) addCommonOptions(command);
  for (const [decision, description] of DECISIONS) {
    const command = winners
      .command(decision)
      .description(description)
      .argument("<id>", "of the winner")
      .option("--reason <text>", "why, for the record")
      .option("--wait <time>", "how long to wait for the answer: 90s, 15m (default: 30s)", timeSpan)
      .option("--no-wait", "say it and do not wait")
      .addHelpText("after", DECIDE_HELP)
      .action(performing<DecideFlags>(environment, (session, args) => decideOn(session, decision, args)));
    addCommonOptions(command);
  }
}

const DECISIONS: readonly (readonly [Decision["decision"], string])[] = [
  ["approve", "Deploys a winner that is held, or one that was rejected or taken back."],
  ["reject", "Never deploys a winner that is held."],
  ["rollback", "Takes a deployed winner back: the keys get their former values."],
];

async function listThem(session: Session<ListFlags>): Promise<undefined> {
  const { state } = session.flags;
  if (state !== undefined && !(STATES as readonly string[]).includes(state)) {
    throw new Failure("usage", `--state ${state}: there are ${STATES.join(", ")}`);
  }
  const { paths } = await findPlace(session.flags, session.environment);
  const { listWinners } = await import("@kloros/winner-deployer");
  const shown = (await listWinners(paths)).filter((one) => state === undefined || one.state === state);
  if (session.json) await session.printJson(shown);
  else if (shown.length === 0)
    session.say(`no winners${state === undefined ? " yet" : ` are ${state}`} in ${paths.home}`);
  else {
    const { winnerTable } = await import("../winners/winner_lines.ts");
    await session.print(...winnerTable(shown, session));
  }
  return undefined;
}

async function showOne(session: Session, [id = ""]: readonly string[]): Promise<undefined> {
  const winner = await found(session, id);
  if (session.json) await session.printJson(winner);
  else {
    const { winnerLines } = await import("../winners/winner_lines.ts");
    await session.print(...winnerLines(winner, session));
  }
  return undefined;
}

async function found(session: Session, id: string): Promise<WinnerRecord> {
  const { paths } = await findPlace(session.flags, session.environment);
  const { listWinners } = await import("@kloros/winner-deployer");
  return findWinner(id, await listWinners(paths));
}

async function decideOn(
  session: Session<DecideFlags>,
  decision: Decision["decision"],
  [id = ""]: readonly string[],
): Promise<CliExit> {
  const { environment, flags } = session;
  const { experiment, hash } = await found(session, id);
  const { restText } = await import("../rest/rest_text.ts");
  const { sayDecision } = await import("../winners/say_decision.ts");
  const reason = flags.reason === undefined ? {} : { reason: flags.reason };
  const facts = { experiment, hash, decision, ...reason, by: loginName(environment.env) };
  const waitMs = flags.wait === false ? 0 : typeof flags.wait === "number" ? flags.wait : undefined;
  const abort = environment.stopRequested();
  const nowMs = environment.nowMs();
  const outcome = await withBus(session, (bus, { paths }) => {
    const resting = restText(paths, "winner-deployer", nowMs);
    const work = sayDecision(bus, facts, { nowMs, waitMs, abort, resting });
    return session.patiently("waiting for winner-deployer", work);
  });
  const exit = exitOf(outcome, waitMs, abort);
  const winner = `${experiment}:${hash}`;
  if (session.json) {
    const { id: said, decided = null, waiting = null } = outcome;
    await session.printJson({ id: said, winner, decided, waiting });
  } else if (outcome.decided?.outcome === "done") {
    await session.print(printable(decidedText(winner, outcome.decided)));
  } else if (outcome.decided === undefined) {
    session.say(printable(`${decision} ${winner} was said (${outcome.id}): ${outcome.waiting ?? ""}`));
  } else session.say(printable(decidedText(winner, outcome.decided)));
  return exit;
}

function exitOf({ decided }: Outcome, waitMs: number | undefined, { aborted }: AbortSignal): CliExit {
  if (decided !== undefined) return decided.outcome === "done" ? "ok" : "negative";
  if (waitMs === 0) return "ok";
  return aborted ? "interrupted" : "negative";
}

function decidedText(winner: string, { decision, outcome, reason, keys = [] }: Decided): string {
  return `${winner}: ${decision} ${outcome}: ${reason}${keys.length === 0 ? "" : ` (${keys.join(", ")})`}`;
}
