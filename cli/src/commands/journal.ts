/** `kloros journal`: the file in which everything is, looked after by hand. */
import { join } from "node:path";
import type { Command } from "commander";
import type { RepairReport } from "@kloros/journal";
import { reachBus } from "../bus_access.ts";
import { addCommonOptions, type CommonFlags } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import { type CliExit, Failure } from "../exit_codes.ts";
import { journalPlace, withJournalErrors, writingJournal } from "../journal/journal_work.ts";
import { versionCommands } from "../journal/version_commands.ts";
import { pruneJournal } from "../journal/prune.ts";
import { findPlace } from "../place.ts";
import { timeSpan, wholeNumber } from "../read_options.ts";
import { performing, type Session } from "../session.ts";
import { plural } from "../view/amounts.ts";
import { printable } from "../view/describe_facts.ts";
import { auditLines } from "./audit.ts";

const VERIFY_HELP = `
SQLite's own check of every page and index, each row against its checksum, and what
\`kloros audit\` proves. Names what is damaged. Works with and without a running bus.

Examples:
  kloros journal verify
  kloros journal verify --json
`;

const REPAIR_HELP = `
For a journal on which the bus does not start. The damaged one is kept, under a name with
the time; what is intact goes into a new one; what is lost is listed, by number and id.
Where only a consumer's progress is lost, its signals are delivered to it again.

Examples:
  kloros journal repair
  kloros journal repair --from state/journal.db.damaged-2026-01-31T120000Z
`;

const BACKUP_HELP = `
One moment of the journal as one file, checked after it was written; the bus goes on meanwhile.

Examples:
  kloros journal backup                       beside the journal, with the time in its name
  kloros journal backup /mnt/backup/journal.db
`;

const RESTORE_HELP = `
The backup is checked first, the present journal is kept under a name with the time. Signals
that were stored since the backup are in that one only.

Examples:
  kloros journal restore /mnt/backup/journal.db
`;

const PRUNE_HELP = `
Takes away now what retention takes away by and by: signals that are settled, and that no dead
letter and no deadline needs. Their ids stay known, so they are not taken for new ones.

Examples:
  kloros journal prune --dry-run
  kloros journal prune --older-than 7d
`;

interface RepairFlags extends CommonFlags {
  readonly from?: string;
}
interface PruneFlags extends CommonFlags {
  readonly dryRun?: boolean;
  readonly olderThan: number;
  readonly maxBytes: number;
}

const DAY_MS = 86_400_000;
const BYTES_DEFAULT = 2 * 1024 ** 3;
const AGE_DEFAULT = 30 * DAY_MS;

export function journalCommand(program: Command, environment: Environment): void {
  const journal = program
    .command("journal")
    .summary("the journal's file: verify, repair, backup, restore, prune, version, downgrade")
    .description("Looks after the file in which all signals are.")
    .addHelpText("after", "\nExamples:\n  kloros journal verify\n  kloros journal backup\n");
  const commands = [
    journal
      .command("verify")
      .description("Looks at every page and row, and names what is damaged.")
      .addHelpText("after", VERIFY_HELP)
      .action(performing(environment, verify)),
    journal
      .command("repair")
      .description("Saves what is intact of a damaged journal into a new one. The bus must not run.")
      .option("--from <file>", "a damaged journal that was kept earlier")
      .addHelpText("after", REPAIR_HELP)
      .action(performing<RepairFlags>(environment, repair)),
    journal
      .command("backup")
      .description("Writes a copy of the journal, also while the bus runs.")
      .argument("[file]", "where to; must not be there yet")
      .addHelpText("after", BACKUP_HELP)
      .action(performing(environment, backup)),
    journal
      .command("restore")
      .description("Puts a backup in the journal's place. The bus must not run.")
      .argument("<file>", "as `kloros journal backup` made it")
      .addHelpText("after", RESTORE_HELP)
      .action(performing(environment, restore)),
    journal
      .command("prune")
      .description("Takes old signals away now.")
      .option("--dry-run", "only say what would go")
      .option("--older-than <time>", "what is older, like 12h or 7d", timeSpan, AGE_DEFAULT)
      .option(
        "--max-bytes <count>",
        "the oldest, while the journal holds more",
        wholeNumber(0, 2 ** 50),
        BYTES_DEFAULT,
      )
      .addHelpText("after", PRUNE_HELP)
      .action(performing<PruneFlags>(environment, prune)),
    ...versionCommands(journal, environment),
  ];
  for (const command of commands) addCommonOptions(command);
}

async function verify(session: Session): Promise<CliExit> {
  const { paths } = await journalPlace(session);
  const report = await withJournalErrors(async () => {
    const { verifyJournal } = await import("@kloros/journal");
    return session.patiently("reading the journal", verifyJournal(paths.journal));
  });
  if (session.json) await session.printJson(report);
  else {
    const bad = [...report.structure, ...(report.missing === null ? [] : [report.missing])];
    await session.print(
      ...auditLines(report, session),
      ...bad.map((text) => session.palette.bad(printable(text))),
      report.ok
        ? session.palette.strong("the journal is whole")
        : session.palette.bad("the journal is damaged: see above"),
    );
  }
  return report.ok ? "ok" : "negative";
}

async function repair(session: Session<RepairFlags>): Promise<undefined> {
  const { paths } = await journalPlace(session);
  const { from } = session.flags;
  const { cwd, nowMs } = session.environment;
  const report = await writingJournal(paths.journal, async () => {
    const { repairJournal } = await import("@kloros/journal");
    return repairJournal(paths.journal, {
      nowMs: nowMs(),
      ...(from === undefined ? {} : { from: from.startsWith("/") ? from : join(cwd, from) }),
    });
  });
  if (session.json) await session.printJson(report);
  else await session.print(...repairLines(report, session));
}

function repairLines(report: RepairReport, session: Session): readonly string[] {
  const { palette } = session;
  const { signals, again, notes, broken, kept, audit, damage } = report;
  return [
    ...damage.map((what) => printable(`found: ${what}`)),
    ...auditLines(audit, session),
    `the damaged journal is kept as ${kept}`,
    `${plural(broken, "row or cell", "rows or cells")} did not match their checksum`,
    ...signals.map(({ seq, id }) => palette.bad(`lost: signal ${seq} ${id ?? "(its id is lost too)"}`)),
    ...again.map(({ consumer, seq }) => `delivered again: signal ${seq} to ${printable(consumer)}`),
    ...notes.map(printable),
    signals.length === 0
      ? palette.strong("no signal is lost")
      : palette.bad(`${plural(signals.length, "signal is", "signals are")} lost`),
  ];
}

async function backup(session: Session, [file]: readonly string[]): Promise<undefined> {
  const { paths } = await journalPlace(session);
  const { cwd, nowMs } = session.environment;
  const date = new Date(nowMs())
    .toISOString()
    .replaceAll(":", "")
    .replace(/\.\d+Z$/, "Z");
  const target = file === undefined ? `${paths.journal}.backup-${date}` : absolute(file, cwd);
  const report = await withJournalErrors(async () => {
    const { backupJournal } = await import("@kloros/journal");
    return backupJournal(paths.journal, target);
  });
  if (session.json) await session.printJson(report);
  else
    await session.print(
      `${report.target}: ${plural(report.signals, "signal")}, up to #${report.lastSeq}, checked`,
    );
}

function absolute(file: string, cwd: string): string {
  return file.startsWith("/") ? file : join(cwd, file);
}

async function restore(session: Session, [file = ""]: readonly string[]): Promise<undefined> {
  const { paths } = await findPlace(session.flags, session.environment);
  const { cwd, nowMs } = session.environment;
  const report = await writingJournal(paths.journal, async () => {
    const { restoreJournal } = await import("@kloros/journal");
    return restoreJournal(paths.journal, absolute(file, cwd), { nowMs: nowMs() });
  });
  if (session.json) await session.printJson(report);
  else {
    await session.print(`${plural(report.signals, "signal")} restored, up to #${report.lastSeq}`);
    if (report.kept !== null) await session.print(`the journal that was in place is kept as ${report.kept}`);
    if (report.behind > 0)
      await session.print(`only there: ${plural(report.behind, "signal")} that came after it`);
  }
}

async function prune(session: Session<PruneFlags>): Promise<undefined> {
  const place = await journalPlace(session);
  const { olderThan, maxBytes, dryRun } = session.flags;
  const limits = { ageMs: olderThan, bytesMax: maxBytes, rememberMs: AGE_DEFAULT };
  const { journal } = place.paths;
  if (dryRun === true) {
    const found = await withJournalErrors(async () => {
      const { pruneable } = await import("@kloros/journal");
      return pruneable(journal, limits, session.environment.nowMs());
    });
    if (session.json) await session.printJson(found);
    else
      await session.print(
        `${plural(found.signals, "signal")} would go${found.firstSeq === null ? "" : `, #${found.firstSeq} to #${String(found.lastSeq)}`}`,
      );
    return undefined;
  }
  const answer = await reachBus(place);
  if (answer.kind === "away")
    throw new Failure(
      "unavailable",
      `the bus does not answer (${answer.why}); it prunes by itself when it runs`,
    );
  try {
    const purged = await pruneJournal(answer.bus, limits);
    if (session.json) await session.printJson({ purged });
    else await session.print(`${plural(purged, "signal")} went; the room is used again by what comes`);
  } finally {
    await answer.bus.close();
  }
  return undefined;
}
