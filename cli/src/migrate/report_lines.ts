/** The report as lines for people. Pure. */
import type { Session } from "../session.ts";
import { ago, duration, moment } from "../view/amounts.ts";
import { printable } from "../view/describe_facts.ts";
import type { Palette } from "../view/palette.ts";
import type { Criterion } from "./criteria.ts";
import type { HistoryEntry, Pending } from "./migration_state.ts";
import { LAST, phaseAt, type Share } from "./phases.ts";
import type { MigrationReport, Way } from "./report.ts";

type View = Pick<Session, "palette"> & { readonly nowMs: number };

const HISTORY_SHOWN = 5;

export function reportLines(report: MigrationReport, view: View): readonly string[] {
  const { palette } = view;
  const { phase, name, says, pending } = report;
  const title = phase < 0 ? "the migration has not begun" : `phase ${phase} of ${LAST}, ${name}`;
  return [
    `${palette.strong(title)}${sinceText(report, view)}`,
    `  ${says}`,
    ...(pending === null ? [] : pendingLines(pending, palette)),
    ...windowLines(report),
    ...oldLines(report),
    ...criteriaLines(report.criteria, palette),
    ...wayLines("next", report.next, report, palette),
    ...wayLines("back", report.back, report, palette),
    ...historyLines(report.history, view),
  ];
}

function sinceText({ since }: MigrationReport, { nowMs }: View): string {
  if (since === null) return "";
  const at = Date.parse(since);
  return `, since ${moment(at)} UTC (${ago(at, nowMs)})`;
}

function pendingLines(pending: Pending, palette: Palette): readonly string[] {
  const { direction, to, done, steps, stoppedBy, undoes, by } = pending;
  const what = undoes === undefined ? `\`${direction}\`` : "going back after a step that failed";
  return [
    palette.bad(
      `  ${what} to phase ${to} was begun by ${printable(by)} and is not done: ${done} of ${steps.length} steps hold`,
    ),
    ...(undoes === undefined ? [] : [`  what had failed: ${printable(undoes)}`]),
    ...(stoppedBy === undefined ? [] : [`  it stopped at: ${printable(stoppedBy)}`]),
    `  go on with:  kloros migrate ${direction}`,
    `  or reverse:  kloros migrate ${direction === "next" ? "back" : "next"}`,
  ];
}

function windowLines({ window_ms: windowMs, window_left_ms: leftMs, window_ends: ends }: MigrationReport) {
  if (windowMs === 0 || ends === null) return [];
  const left = leftMs === 0 ? "it has passed" : `${duration(leftMs)} left`;
  return [`  window: ${duration(windowMs)}, until ${moment(Date.parse(ends))} UTC; ${left}`];
}

const WHAT: Readonly<Record<Share, string>> = { everything: "the old side", intents: "its intents" };

function oldLines({ old_side: old, divided }: MigrationReport): readonly string[] {
  const states = (["everything", "intents"] as const).flatMap((share) => {
    const state = old[share];
    return state === undefined ? [] : [`${WHAT[share]}: ${printable(state)}`];
  });
  const how = divided
    ? "its intents change hands in phase 2, the rest in phase 4"
    : "it is switched off as a whole, in phase 4";
  return [`  ${states.join(", ")} (${how})`];
}

function criteriaLines(criteria: readonly Criterion[], palette: Palette): readonly string[] {
  if (criteria.length === 0) return [];
  const width = Math.max(...criteria.map(({ name }) => name.length));
  return [
    "",
    "criteria",
    ...criteria.map(
      ({ name, met, value }) => `  ${mark(met, palette)} ${name.padEnd(width)}  ${printable(value)}`,
    ),
  ];
}

function mark(met: boolean | null, palette: Palette): string {
  if (met === null) return palette.faint("look ");
  return met ? palette.good("met  ") : palette.bad("UNMET");
}

function wayLines(
  direction: "next" | "back",
  way: Way | null,
  { objections, pending }: MigrationReport,
  palette: Palette,
): readonly string[] {
  if (way === null) return [];
  const against = direction === "next" && pending === null ? objections : [];
  const target = way.to < 0 ? "before the migration" : `phase ${way.to}, ${way.name}`;
  return [
    "",
    `${palette.strong(`kloros migrate ${direction}`)} would go to ${target}${against.length === 0 ? "" : ", and does not yet:"}`,
    ...against.map((text) => palette.warn(`  ${printable(text)}`)),
    ...stepLines(way.steps, palette),
  ];
}

export function stepLines(steps: Way["steps"], palette: Palette): readonly string[] {
  return steps.flatMap(({ text, commands }, index) => [
    `  ${String(index + 1).padStart(2)}. ${printable(text)}`,
    ...commands.flatMap((command) =>
      command.split("\n").map((line) => palette.faint(`        ${printable(line)}`)),
    ),
  ]);
}

function historyLines(history: readonly HistoryEntry[], { palette, nowMs }: View): readonly string[] {
  if (history.length === 0) return [];
  const shown = history.slice(-HISTORY_SHOWN).toReversed();
  return ["", "what was", ...shown.map((entry) => historyLine(entry, palette, nowMs))];
}

function historyLine(entry: HistoryEntry, palette: Palette, nowMs: number): string {
  const { at, by, what, from, to, reason, notes } = entry;
  const said = [reason, ...notes].filter((text) => text !== "").map(printable);
  const where = to < 0 ? "before the migration" : `phase ${to}, ${phaseAt(to).name}`;
  const verb = what === "undone" ? `phase ${from} failed and was undone, back to` : `${what} to`;
  return `  ${moment(Date.parse(at))} UTC ${palette.faint(`(${ago(Date.parse(at), nowMs)})`)}  ${verb} ${where}, by ${printable(by)}${said.length === 0 ? "" : `: ${said.join("; ")}`}`;
}
