/** `kloros dlq`: what was given up, and what to do about it. */
import { type Command, Option } from "commander";
import { dropLetters, resubmitLetters, retryLetters, type ActFlags } from "../dlq/act_on_letters.ts";
import { editLetter, type EditFlags } from "../dlq/edit_letter.ts";
import { addFilterOptions } from "../dlq/letter_filter.ts";
import { purgeLetters, type PurgeFlags } from "../dlq/purge_letters.ts";
import { listLetters, type ListFlags, showLetter } from "../dlq/show_letters.ts";
import type { Environment } from "../environment.ts";
import { timeSpan, wholeNumber } from "../read_options.ts";
import { performing } from "../session.ts";
import { addCommonOptions } from "../shared_options.ts";

const LIST_HELP = `
Also lists errors that a service reported (state \`reported\`): nothing waits behind those.

Examples:
  kloros dlq list
  kloros dlq list --group                        what they died of, most first
  kloros dlq list --consumer capability-integrator --since 1h
  kloros dlq list --all --json                   also those that were dealt with
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
  kloros dlq retry 3 4 5
  kloros dlq retry --consumer investigation-consumer --since 1h --dry-run
  kloros dlq retry --reason attempts --rate 5
`;

const EDIT_HELP = `
The edited signal is a new one: its id derives from the old one, which is its cause. It goes
to the consumer that gave the old one up, and to no other. The old one stays recorded.

Examples:
  kloros dlq edit 3                         in the editor named by VISUAL or EDITOR
  kloros dlq edit 3 --facts @mended.json
  kloros dlq edit 3 --facts @mended.json --dry-run
`;

const RESUBMIT_HELP = `
For intent files that never became a signal. The file goes back into the intents as a whole,
from intents/rejected or from the dead letter, and the router reads it again.

Examples:
  kloros dlq resubmit 7
  kloros dlq resubmit 7 --content @mended.json
  kloros dlq resubmit --since 1d --dry-run
`;

const DROP_HELP = `
What is dropped is not retried any more; it counts as dropped and is forgotten with its age.

Examples:
  kloros dlq drop 3
  kloros dlq drop --consumer old-service --before 7d --yes
`;

const PURGE_HELP = `
The bus does it by itself after 30 days. The lines in failed_signals.jsonl stay, and so does
the newest dead letter, whose number says how many there were.

Examples:
  kloros dlq purge --older-than 7d --dry-run
  kloros dlq purge --older-than 7d --yes
`;

const LINES_DEFAULT = 50;
const LINES_MAX = 100_000;
const RATE_DEFAULT = 50;
const RATE_MAX = 1000;

export function dlqCommand(program: Command, environment: Environment): void {
  const dlq = program
    .command("dlq")
    .summary("dead letters: list, show, retry, edit, resubmit, drop, purge")
    .description("Dead letters: signals that a consumer gave up, and content that could not become one.")
    .addHelpText(
      "after",
      "\nExamples:\n  kloros dlq list --group\n  kloros dlq show 3\n  kloros dlq retry 3\n",
    );
  const commands = [
    ...lookingCommands(dlq, environment),
    ...actingCommands(dlq, environment),
    editCommand(dlq, environment),
    purgeCommand(dlq, environment),
  ];
  for (const command of commands) addCommonOptions(command);
}

function lookingCommands(dlq: Command, environment: Environment): readonly Command[] {
  const list = dlq
    .command("list")
    .description("Lists dead letters, oldest first.")
    .option("-n, --lines <count>", "so many of the newest", wholeNumber(1, LINES_MAX), LINES_DEFAULT)
    .option("--all", "also those that were retried, edited or dropped")
    .option("--group", "sum up those that died of the same thing")
    .addHelpText("after", LIST_HELP)
    .action(performing<ListFlags>(environment, listLetters));
  const show = dlq
    .command("show")
    .description("Shows a dead letter whole: the signal or content, the error, the attempts.")
    .argument("<number>", "as `kloros dlq list` shows it")
    .addHelpText("after", SHOW_HELP)
    .action(performing(environment, showLetter));
  return [addFilterOptions(list, environment), show];
}

function actingCommands(dlq: Command, environment: Environment): readonly Command[] {
  const acting = (command: Command): Command =>
    addFilterOptions(command.argument("[numbers...]", "as `kloros dlq list` shows them"), environment)
      .option("--every", "all of them")
      .option("--rate <count>", "so many a second", wholeNumber(1, RATE_MAX), RATE_DEFAULT)
      .option("--dry-run", "only show which ones");
  const retry = acting(dlq.command("retry"))
    .description("Gives dead letters back to their consumers.")
    .addHelpText("after", RETRY_HELP)
    .action(performing<ActFlags>(environment, retryLetters));
  const resubmit = acting(dlq.command("resubmit"))
    .description("Gives rejected intent files to the router again.")
    .addOption(new Option("--content <json>", "with this content: JSON, @FILE, or - for stdin"))
    .addHelpText("after", RESUBMIT_HELP)
    .action(performing<ActFlags>(environment, resubmitLetters));
  const drop = acting(dlq.command("drop"))
    .description("Gives dead letters up for good.")
    .option("-y, --yes", "drop all that the filter finds")
    .addHelpText("after", DROP_HELP)
    .action(performing<ActFlags>(environment, dropLetters));
  return [retry, resubmit, drop];
}

function editCommand(dlq: Command, environment: Environment): Command {
  return dlq
    .command("edit")
    .description("Retries a dead letter with other facts.")
    .argument("<number>", "as `kloros dlq list` shows it")
    .option("--facts <json>", "all its facts: JSON, @FILE, or - for stdin (default: opens an editor)")
    .option("--dry-run", "only check them")
    .addHelpText("after", EDIT_HELP)
    .action(performing<EditFlags>(environment, editLetter));
}

function purgeCommand(dlq: Command, environment: Environment): Command {
  return dlq
    .command("purge")
    .description("Forgets old dead letters.")
    .requiredOption("--older-than <time>", "90s, 15m, 2h, 30d", timeSpan)
    .option("--dry-run", "only count them")
    .option("-y, --yes", "also those that nobody dealt with; they are dropped")
    .addHelpText("after", PURGE_HELP)
    .action(performing<PurgeFlags>(environment, purgeLetters));
}
