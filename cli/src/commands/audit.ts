/** `kloros audit`: does everything add up? Reads the journal's file: needs no bus, and does not disturb one. */
import type { Command } from "commander";
import type { AuditReport, DamagedAt } from "@kloros/journal";
import { addCommonOptions, type CommonFlags } from "../shared_options.ts";
import type { Environment } from "../environment.ts";
import type { CliExit } from "../exit_codes.ts";
import { journalPlace, withJournalErrors } from "../journal/journal_work.ts";
import { compareLedgers, type LedgerResult } from "../journal/ledgers.ts";
import { performing, type Session } from "../session.ts";
import { number, plural } from "../view/amounts.ts";
import { printable, shorten } from "../view/describe_facts.ts";
import { table } from "../view/table.ts";

const HELP = `
For each consumer: matched = done + superseded + dead + dropped + damaged + open, recomputed
from the signals themselves and compared with what was counted meanwhile, by number and by
checksum; each row against its checksum; deadlines; and the files beside the journal, where
they can be compared. Exit code 1 on any difference. Works with and without a running bus.

Examples:
  kloros audit
  kloros audit --json | jq .ok
`;

export function auditCommand(program: Command, environment: Environment): void {
  const audit = program
    .command("audit")
    .summary("prove that nothing was lost")
    .description(
      "Proves from the journal that each signal reached those who asked for it, or says where it is.",
    )
    .addHelpText("after", HELP)
    .action(performing<CommonFlags>(environment, runAudit));
  addCommonOptions(audit);
}

async function runAudit(session: Session): Promise<CliExit> {
  const { paths } = await journalPlace(session);
  const [report, ledgers] = await withJournalErrors(async () => {
    const { auditJournal } = await import("@kloros/journal");
    const audited = await session.patiently("reading the journal", auditJournal(paths.journal));
    return [audited, await compareLedgers(paths)] as const;
  });
  const ok = report.ok && ledgers.every(({ differences }) => differences.length === 0);
  if (session.json) await session.printJson({ ...report, ok, ledgers });
  else
    await session.print(
      ...auditLines(report, session),
      ...ledgers.flatMap((one) => ledgerLines(one, session)),
      verdict(ok, session),
    );
  return ok ? "ok" : "negative";
}

function verdict(ok: boolean, { palette }: Session): string {
  return ok ? palette.strong("everything adds up") : palette.bad("it does not add up: see above");
}

const COUNTS = ["matched", "done", "superseded", "dead", "dropped", "damaged", "open", "purged"] as const;

export function auditLines(report: AuditReport, session: Session): readonly string[] {
  const { palette, columns } = session;
  const rows = report.consumers.map((consumer) => [
    palette.source(printable(consumer.name)),
    ...COUNTS.map((name) => number(consumer[name])),
  ]);
  const titles = COUNTS.map((name) => ({ title: name.toUpperCase(), align: "right" as const }));
  return [
    ...table([{ title: "CONSUMER" }, ...titles], rows, { palette, columns }),
    "",
    `${plural(report.signals, "signal")} in the journal, the newest is #${report.lastSeq}`,
    ...report.setAside.map((row) => palette.faint(`set aside earlier: ${damageText(row)}`)),
    ...report.damaged.map((row) => palette.bad(`damaged: ${damageText(row)}`)),
    ...report.differences.map((text) => palette.bad(printable(text))),
  ];
}

/** A state that was set aside is there with its text: as much as one line bears. */
const DAMAGE_TEXT_MAX = 300;

function damageText({ seq, cid, what }: DamagedAt): string {
  const where = cid === 0 ? "" : ` at consumer number ${cid}`;
  return shorten(printable(seq > 0 ? `signal ${seq}${where}: ${what}` : what), DAMAGE_TEXT_MAX);
}

function ledgerLines(
  { file, compared, differences, skipped }: LedgerResult,
  { palette }: Session,
): readonly string[] {
  if (skipped !== null) return [palette.faint(`${file}: not compared, ${skipped}`)];
  return [
    `${file}: ${plural(compared, "entry", "entries")} compared`,
    ...differences.slice(0, 100).map((text) => palette.bad(`  ${printable(text)}`)),
  ];
}
