/** `kloros journal version`, `migrate` and `downgrade`: which program a journal is for. */
import type { Command } from "commander";
import type { VersionChange } from "@kloros/journal";
import type { Environment } from "../environment.ts";
import { findPlace } from "../place.ts";
import { wholeNumber } from "../read_options.ts";
import { performing, type Session } from "../session.ts";
import type { CommonFlags } from "../shared_options.ts";
import { journalPlace, withJournalErrors, writingJournal } from "./journal_work.ts";

const VERSION_HELP = `
A program brings an older journal up to date when its bus starts, and leaves a copy of it
beside it. Works with and without a running bus.

Examples:
  kloros journal version
  kloros journal version --json | jq .found
`;

const MIGRATE_HELP = `
A bus does this by itself when it starts. Said by hand, it may take its time: a journal of many
gigabytes takes longer than systemd lets a start take. \`kloros upgrade\` says it; with a Debian
package, say it after the installation, with the bus stopped. A copy of before is kept.

Examples:
  kloros journal migrate
`;

const DOWNGRADE_HELP = `
For going back to an older release, which refuses a newer journal: said with the newer
program, before the older one is put in its place. All that came since is kept.
\`kloros release rollback\` does this by itself; with a Debian package it is done by hand,
before the older package is installed.

Examples:
  kloros journal downgrade --to 2
`;

interface DowngradeFlags extends CommonFlags {
  readonly to: number;
}

/** Adds them to `kloros journal`; returns them. */
export function versionCommands(journal: Command, environment: Environment): readonly Command[] {
  return [
    journal
      .command("version")
      .description("Says which schema version the journal has, and which this program knows.")
      .addHelpText("after", VERSION_HELP)
      .action(performing(environment, version)),
    journal
      .command("migrate")
      .description("Brings an older journal to the schema version of this program. The bus must not run.")
      .addHelpText("after", MIGRATE_HELP)
      .action(performing(environment, migrate)),
    journal
      .command("downgrade")
      .description("Takes the journal back to an older schema version. The bus must not run.")
      .requiredOption("--to <version>", "the one that the older program knows", wholeNumber(1, 10_000))
      .addHelpText("after", DOWNGRADE_HELP)
      .action(performing<DowngradeFlags>(environment, downgrade)),
  ];
}

async function version(session: Session): Promise<undefined> {
  const { paths } = await findPlace(session.flags, session.environment);
  const versions = await withJournalErrors(async () => {
    const { journalVersions } = await import("@kloros/journal");
    return journalVersions(paths.journal);
  });
  const { found, known, backTo } = versions;
  if (session.json) await session.printJson({ journal: paths.journal, ...versions });
  else
    await session.print(
      found === null
        ? `there is no journal ${paths.journal} yet`
        : `${paths.journal} has schema version ${found}`,
      `this program works on version ${known}${backTo < known ? `, and can take a journal back to ${backTo}` : "; there is no way back from it"}`,
    );
  return undefined;
}

async function migrate(session: Session): Promise<undefined> {
  const { paths } = await journalPlace(session);
  const report = await writingJournal(paths.journal, async () => {
    const { migrateJournal } = await import("@kloros/journal");
    return migrateJournal(paths.journal);
  });
  return tell(session, report);
}

async function downgrade(session: Session<DowngradeFlags>): Promise<undefined> {
  const { paths } = await journalPlace(session);
  const report = await writingJournal(paths.journal, async () => {
    const { downgradeJournal } = await import("@kloros/journal");
    return downgradeJournal(paths.journal, session.flags.to);
  });
  return tell(session, report);
}

async function tell(session: Session, report: VersionChange): Promise<undefined> {
  const { from, to, kept } = report;
  if (session.json) await session.printJson(report);
  else
    await session.print(
      kept === null
        ? `the journal has schema version ${from} already`
        : `the journal went from schema version ${from} to ${to}; as it was, it is kept as ${kept}`,
    );
  return undefined;
}
