import type { Report } from "./campaign.ts";
import { neverTaken } from "./coverage.ts";

/** Groups in the order in which they are shown. */
const GROUPS: readonly (readonly [prefix: string, title: string])[] = [
  ["fault.", "faults"],
  ["bus.", "crashes of the bus inside a commit"],
  ["network.", "messages harmed"],
  ["disk.", "disk"],
  ["journal.", "journal"],
  ["transition.", "ends"],
  ["settled.", "outcomes told to consumers"],
  ["session.", "sessions"],
  ["server.", "told by the server"],
  ["router.", "intents"],
  ["policy.", "evaluations"],
  ["dream.", "cycles"],
  ["deployer.", "deployments"],
  ["said.", "signals"],
];

const BAR = 24;

/** `terminal`: with a bar, to be written over the one before. */
export function progressLine(
  { runs, seconds, counts }: Report,
  { wanted, terminal }: { readonly wanted: number; readonly terminal: boolean },
): string {
  const rate = seconds === 0 ? 0 : runs / seconds;
  const text = `${String(runs)} of ${String(wanted)} runs, ${rate.toFixed(1)} a second, ${String(crashes(counts))} crashes`;
  const full = Math.round((BAR * runs) / wanted);
  return terminal ? `\r\u001b[K[${"=".repeat(full)}${" ".repeat(BAR - full)}] ${text}` : `${text}\n`;
}

/** Processes killed, crashed inside a commit, lost with the power. */
function crashes(counts: Readonly<Record<string, number>>): number {
  const names = ["fault.kill", "bus.crash before commit", "bus.crash after commit", "fault.reboot"];
  return names.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
}

export function summary(report: Report): string {
  const { counts, runs, seconds, simulatedMs, events, firstSeed, failure, world } = report;
  const lines = [
    `${String(runs)} runs from seed ${String(firstSeed)} in ${seconds.toFixed(1)} s (${(runs / seconds).toFixed(1)} a second): ` +
      `${(simulatedMs / 3_600_000).toFixed(1)} simulated hours, ${String(events)} events, ${String(crashes(counts))} crashes`,
  ];
  for (const [prefix, title] of GROUPS) {
    const found = Object.keys(counts)
      .filter((name) => name.startsWith(prefix))
      .toSorted()
      .map((name) => `${name.slice(prefix.length)} ${String(counts[name])}`);
    if (found.length > 0) lines.push(`  ${title}: ${found.join(", ")}`);
  }
  const missing = neverTaken(counts, world);
  if (missing.length > 0) lines.push(`  never taken: ${missing.join(", ")}`);
  if (failure === undefined) lines.push("nothing broke");
  else {
    lines.push(`BROKEN with seed ${String(failure.seed)}:`, ...failure.flaws.map((flaw) => `  ${flaw}`));
    const again = `./scripts/sim${world === "house" ? " --house" : ""} --replay ${String(failure.seed)}`;
    lines.push(`see what happened: ${again}`, `with fewer faults: ${again} --shorten`);
  }
  return lines.join("\n");
}
