/** `kloros release rehearse`: asked by an upgrade of the release that it goes to. Hidden. */
import type { Command } from "commander";
import { withJournalErrors } from "../journal/journal_work.ts";
import type { Environment } from "../environment.ts";
import { performing, type Session } from "../session.ts";

export function rehearseCommand(release: Command, environment: Environment): void {
  release
    .command("rehearse", { hidden: true })
    .description("Tries this program's migration on a copy of a journal, and the way back.")
    .argument("<copy>", "in a directory of its own; it is changed")
    .option("--json", "print JSON instead of text for people")
    .action(performing(environment, rehearse));
}

async function rehearse(session: Session, [copy = ""]: readonly string[]): Promise<undefined> {
  const result = await withJournalErrors(async () => {
    const { rehearseMigration } = await import("@kloros/journal");
    return rehearseMigration(copy);
  });
  await session.printJson(result);
}
