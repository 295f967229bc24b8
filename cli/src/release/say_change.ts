/** What a change of releases tells. Pure. */
import { duration } from "../view/amounts.ts";
import type { Palette } from "../view/palette.ts";
import type { ChangeReport } from "./change_release.ts";
import type { JournalStep } from "./journal_steps.ts";

/** Undefined: nothing happens to it. */
export function journalLine(step: JournalStep): string | undefined {
  if (step.kind === "none") return undefined;
  const way = `the journal goes from schema version ${step.from} to ${step.to}`;
  if (step.kind === "down") return `${way}; all that came since goes with it`;
  return `${way}${step.wayBack ? "; there is a way back" : "; there is no way back"}; a copy of before stays beside it (journal.db.v${step.from})`;
}

export function changeLines(report: ChangeReport, palette: Palette): readonly string[] {
  const { from, to, restarted, busAwayMs, undone } = report;
  const away =
    busAwayMs === null
      ? []
      : [`the bus was away for ${duration(busAwayMs)}; whoever publishes waited, and nothing was lost by it`];
  if (undone !== null)
    return [
      ...away,
      palette.bad(`${to} was left again: ${undone}`),
      `${from} runs as before; ${to} is kept beside it for you to look at`,
    ];
  if (restarted.length === 0)
    return [
      palette.good(from === to ? `${to} is in place already` : `${to} is in place`),
      "no service had to be started again",
    ];
  return [...away, palette.good(`${to} is in place, and ${restarted.length} services run it`)];
}
