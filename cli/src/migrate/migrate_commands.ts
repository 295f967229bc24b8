/** What `kloros migrate status`, `next` and `back` do. */
import { crashPoint } from "@kloros/daemon";
import type { CliExit } from "../exit_codes.ts";
import { Failure } from "../exit_codes.ts";
import { loginName } from "../login_name.ts";
import type { Session } from "../session.ts";
import { type Change, chooseChange } from "./change_phase.ts";
import { describeStep } from "./describe_step.ts";
import { whileMigrating } from "./migration_lock.ts";
import { type Direction, type Pending, writeMigration } from "./migration_state.ts";
import { oldSideOf } from "./old_side_of.ts";
import { type Migration, type MigrateFlags, openMigration, whyNotHere } from "./open_migration.ts";
import { type Hands, performStep } from "./perform_step.ts";
import { FIRST, phaseAt } from "./phases.ts";
import { objections, windowOf } from "./readiness.ts";
import { gatherReport, judgeNow, wayOf } from "./report.ts";
import { dropInDirectory } from "./role_file.ts";
import { reportLines, stepLines } from "./report_lines.ts";
import { type Outcome, type Runner, runPending } from "./run_steps.ts";

export interface ChangeFlags extends MigrateFlags {
  readonly now?: boolean;
  readonly reason?: string;
  readonly dryRun?: boolean;
}

export async function showMigration(session: Session<MigrateFlags>): Promise<CliExit> {
  const { environment, flags, palette } = session;
  const migration = await openHere(session);
  const nowMs = environment.nowMs();
  const report = await session.patiently("measuring", gatherReport(migration, nowMs));
  if (flags.json === true) await session.printJson(report);
  else await session.print(...reportLines(report, { palette, nowMs }));
  return report.pending === null ? "ok" : "negative";
}

async function openHere(session: Session<MigrateFlags>): Promise<Migration> {
  const migration = await openMigration(session.flags, session.environment);
  const why = await whyNotHere(migration);
  if (why === undefined) return migration;
  throw new Failure("negative", why);
}

export async function changePhase(session: Session<ChangeFlags>, direction: Direction): Promise<CliExit> {
  const { flags } = session;
  if (flags.now === true && (flags.reason ?? "").trim() === "")
    throw new Failure("usage", "--now needs --reason TEXT: who looks later wants to know why nobody waited");
  const migration = await openHere(session);
  if (flags.dryRun === true) return showWay(session, migration, direction);
  return whileMigrating(migration.directory, async () => {
    // Read again: another one may have ended just before the lock was ours.
    const current = await openMigration(flags, session.environment);
    const { pending, resumed } = choose(session, current, direction);
    const notes = direction === "next" && !resumed ? await waived(session, current) : pending.notes;
    const outcome = await run(session, current, { ...pending, notes });
    return tellEnd(session, outcome);
  });
}

function choose(
  { flags, environment }: Session<ChangeFlags>,
  { state, divided, directory }: Migration,
  direction: Direction,
): Change {
  return chooseChange(state, {
    direction,
    nowMs: environment.nowMs(),
    by: loginName(environment.env),
    reason: flags.reason ?? "",
    waived: flags.now === true,
    divided,
    directory,
  });
}

async function showWay(
  session: Session<ChangeFlags>,
  migration: Migration,
  direction: Direction,
): Promise<CliExit> {
  const nowMs = session.environment.nowMs();
  const way = wayOf(migration, direction, nowMs);
  const against =
    direction === "next" && migration.state.pending === null
      ? objections(windowOf(migration.state, nowMs), await judgeNow(migration, nowMs))
      : [];
  if (session.json) {
    await session.printJson({ dry_run: true, ...way, objections: against });
    return "ok";
  }
  await session.print(
    `${direction} would go to ${way.to < 0 ? "before the migration" : `phase ${way.to}, ${way.name}`}:`,
    ...stepLines(way.steps, session.palette),
    ...against.map((text) => session.palette.warn(`against it: ${text}`)),
  );
  return "ok";
}

/** What stands against going on, where it was waived. Fails where it was not. */
async function waived(
  { flags, environment }: Session<ChangeFlags>,
  migration: Migration,
): Promise<readonly string[]> {
  const nowMs = environment.nowMs();
  const against = objections(windowOf(migration.state, nowMs), await judgeNow(migration, nowMs));
  if (against.length === 0 || flags.now === true) return against;
  const { position } = migration.state;
  throw new Failure(
    "negative",
    [
      `${position === FIRST ? "the migration does not begin" : `phase ${position}, ${phaseAt(position).name}, is not over`}; nothing was changed:`,
      ...against.map((text) => `  ${text}`),
      'to go on all the same: kloros migrate next --now --reason "…"',
    ].join("\n"),
  );
}

async function run(session: Session<ChangeFlags>, migration: Migration, pending: Pending): Promise<Outcome> {
  const { environment, palette, json } = session;
  const { layout, settings, stateFile, files } = migration;
  const options = { mode: layout.mode, settings, files };
  const hands = handsOf(session, migration);
  const runner: Runner = {
    nowMs: environment.nowMs,
    save: (state) => writeMigration(stateFile, state),
    perform: (step) => performStep(step, hands),
    tell: (step, index, of) => {
      if (!json)
        void session.print(`${palette.faint(`${index + 1}/${of}`)} ${describeStep(step, options).text}`);
    },
  };
  const state = { ...migration.state, pending };
  await runner.save(state);
  crashPoint("migrate.planned");
  return runPending(state, runner);
}

function handsOf(session: Session<ChangeFlags>, migration: Migration): Hands {
  const { environment, flags } = session;
  const stop = environment.stopRequested();
  return {
    systemctl: migration.systemctl,
    place: migration.place,
    unitDirectory: dropInDirectory(migration.layout),
    old: oldSideOf(migration),
    restTimeoutMs: migration.settings.restTimeoutMs,
    files: migration.files,
    leaveOpenWork: flags.now === true,
    nowMs: environment.nowMs,
    monotonicMs: () => performance.now(),
    sleep: async (ms) => {
      if (stop.aborted)
        throw new Failure(
          "interrupted",
          "stopped half-way; go on with the same command, or reverse it: kloros migrate status",
        );
      await Bun.sleep(ms);
    },
    waiting: (why) => {
      session.say(`    waiting: ${why}`);
    },
  };
}

async function tellEnd(session: Session<ChangeFlags>, outcome: Outcome): Promise<CliExit> {
  const { state } = outcome;
  const { position } = state;
  const where = position < 0 ? "before the migration" : `phase ${position}, ${phaseAt(position).name}`;
  if (session.json) {
    const why = outcome.kind === "arrived" ? null : outcome.why;
    await session.printJson({ outcome: outcome.kind, phase: position, why, pending: state.pending });
  } else if (outcome.kind === "arrived") await session.print(`now ${where}: ${phaseAt(position).says}`);
  if (outcome.kind === "arrived") return "ok";
  const end =
    outcome.kind === "undone"
      ? `things are as they were: ${where}. Mend that, then say it again`
      : `it stands half-way. Mend that, then: kloros migrate ${state.pending?.direction ?? "next"}; all of it: kloros migrate status`;
  throw new Failure("negative", `${outcome.why}\n  ${end}`);
}
