/** `kloros dlq`: what was given up, and giving it another chance. */
import type { Command } from "commander";
import type { Bus } from "@kloros/bus-client";
import type { DeadLetter } from "@kloros/journal";
import { withBus } from "../bus_access.ts";
import { addCommonOptions, type CommonFlags } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import { type CliExit, Failure } from "../exit_codes.ts";
import { newestDeadLetters, oneDeadLetter } from "../history/dead_letters.ts";
import { wholeNumber } from "../read_options.ts";
import { performing, type Session } from "../session.ts";
import { ago, moment, number, plural } from "../view/amounts.ts";
import { describeFacts, printable } from "../view/describe_facts.ts";
import { jsonLines } from "../view/json_text.ts";
import { table } from "../view/table.ts";

const LIST_HELP = `
Also lists errors that a service reported (state \`reported\`): nothing waits behind those.

Examples:
  kloros dlq list
  kloros dlq list --consumer capability-integrator
  kloros dlq list --all --json       also those that were retried
`;

const SHOW_HELP = `
Examples:
  kloros dlq show 3
  kloros dlq show 3 --json
`;

const RETRY_HELP = `
The signal goes to the consumer that gave it up, with its attempts counted anew. Each dead
letter is put back once; if it fails again it gets a new number.

Examples:
  kloros dlq retry 3
  kloros dlq retry 3 4 5
`;

interface ListFlags extends CommonFlags {
  readonly consumer?: string;
  readonly lines: number;
  readonly all?: boolean;
}

const LINES_DEFAULT = 50;
const LINES_MAX = 100_000;

export function dlqCommand(program: Command, environment: Environment): void {
  const dlq = program
    .command("dlq")
    .summary("dead letters: list, show, retry")
    .description("Dead letters: signals that a consumer gave up, and content that could not become one.")
    .addHelpText("after", "\nExamples:\n  kloros dlq list\n  kloros dlq show 3\n  kloros dlq retry 3\n");
  const list = dlq
    .command("list")
    .description("Lists dead letters, oldest first.")
    .option("--consumer <name>", "only of this consumer")
    .option("-n, --lines <count>", "so many of the newest", wholeNumber(1, LINES_MAX), LINES_DEFAULT)
    .option("--all", "also those that were retried")
    .addHelpText("after", LIST_HELP)
    .action(performing<ListFlags>(environment, listLetters));
  const show = dlq
    .command("show")
    .description("Shows a dead letter whole: the signal or content, the error, the attempts.")
    .argument("<number>", "as `kloros dlq list` shows it")
    .addHelpText("after", SHOW_HELP)
    .action(performing(environment, showLetter));
  const retry = dlq
    .command("retry")
    .description("Gives dead letters back to their consumers.")
    .argument("<numbers...>", "as `kloros dlq list` shows them")
    .addHelpText("after", RETRY_HELP)
    .action(performing(environment, retryLetters));
  for (const command of [list, show, retry]) addCommonOptions(command);
}

async function listLetters(session: Session<ListFlags>): Promise<undefined> {
  const { consumer, lines: count, all } = session.flags;
  const { letters, total } = await withBus(session, (bus) =>
    newestDeadLetters(bus, { consumer, count, includeRetried: all === true }),
  );
  if (session.json) await session.printJson(letters);
  else if (letters.length === 0) session.say("no dead letters");
  else await session.print(...listLines(session, letters));
  if (total > letters.length)
    session.say(`${number(total - letters.length)} older ones: -n ${total} shows them`);
  return undefined;
}

function listLines(session: Session, letters: readonly DeadLetter[]): readonly string[] {
  const { palette, columns, environment } = session;
  const rows = letters.map((letter) => [
    String(letter.n),
    ago(letter.deadAt, environment.nowMs()),
    stateText(letter, session),
    letter.reason,
    String(letter.attempts),
    palette.source(printable(letter.consumer)),
    palette.signal(whatText(letter)),
    printable(letter.error),
  ]);
  return table(
    [
      { title: "N", align: "right" },
      { title: "WHEN" },
      { title: "STATE" },
      { title: "REASON" },
      { title: "ATTEMPTS", align: "right" },
      { title: "CONSUMER" },
      { title: "WHAT" },
      { title: "ERROR" },
    ],
    rows,
    { palette, columns },
  );
}

function stateText({ state }: DeadLetter, { palette }: Session): string {
  return state === "dead" ? palette.bad(state) : palette.faint(state);
}

function whatText({ signal, fields }: DeadLetter): string {
  if (typeof signal !== "string") return printable(signal.signal);
  return printable(fields["intent_file"] ?? "content that is no signal");
}

function letterNumber(text: string): number {
  const n = /^#?\d{1,15}$/.test(text) ? Number(text.replace("#", "")) : 0;
  if (n > 0) return n;
  throw new Failure("usage", `"${text}" is no number of a dead letter; kloros dlq list shows them`);
}

async function showLetter(session: Session, [text = ""]: readonly string[]): Promise<undefined> {
  const n = letterNumber(text);
  const letter = await withBus(session, (bus) => oneDeadLetter(bus, n));
  if (letter === undefined)
    throw new Failure("negative", `there is no dead letter ${n}; kloros dlq list shows them`);
  if (session.json) await session.printJson(letter);
  else await session.print(...letterLines(session, letter));
  return undefined;
}

function letterLines(session: Session, letter: DeadLetter): readonly string[] {
  const { palette, environment } = session;
  const { n, id, seq, consumer, reason, error, attempts, firstAt, deadAt, signal, fields } = letter;
  const field = (name: string, text: string): string => `${palette.faint(name.padEnd(9))} ${text}`;
  const says = typeof signal === "string" ? "" : `  ${describeFacts(signal)}`;
  return [
    `${palette.strong(`dead letter ${n}`)}  ${whatText(letter)}${says}`,
    field("state", stateText(letter, session)),
    field("consumer", palette.source(printable(consumer))),
    field("reason", `${reason}, ${plural(attempts, "attempt")}`),
    field("error", palette.bad(printable(error))),
    field("id", `${id}${seq > 0 ? palette.faint(`  #${seq}; kloros trace ${seq}`) : ""}`),
    field("first", moment(firstAt)),
    field("dead", `${moment(deadAt)}  ${palette.faint(ago(deadAt, environment.nowMs()))}`),
    ...Object.entries(fields).map(([name, value]) => field(printable(name), printable(value))),
    "",
    palette.strong(typeof signal === "string" ? "content" : "signal"),
    ...(typeof signal === "string"
      ? signal.split("\n").map((line) => `  ${printable(line)}`)
      : jsonLines(signal, 2)),
  ];
}

async function retryLetters(session: Session, args: readonly string[]): Promise<CliExit> {
  const numbers = args.map(letterNumber);
  const results = await withBus(session, (bus) => retryEach(bus, numbers));
  if (session.json) await session.printJson(results);
  else {
    for (const { n, retried, text } of results) {
      const line = `${n}: ${text}`;
      if (retried) await session.print(line);
      else session.say(line);
    }
  }
  return results.every(({ retried }) => retried) ? "ok" : "negative";
}

async function retryEach(bus: Bus, numbers: readonly number[]) {
  const results: { readonly n: number; readonly retried: boolean; readonly text: string }[] = [];
  for (const n of numbers) results.push({ n, ...(await bus.admin("retryDeadLetter", { n })) });
  return results;
}
