/** From what was found to "well" or "not well". Pure. */
import type { CliExit } from "../exit_codes.ts";
import { plural } from "../view/amounts.ts";
import type { StatusReport } from "./gather_status.ts";

export interface Verdict {
  readonly exit: CliExit;
  /** What needs a hand, one sentence each. */
  readonly problems: readonly string[];
}

export function judge(report: StatusReport): Verdict {
  if (report.busAway !== null) return { exit: "unavailable", problems: [report.busAway] };
  const problems = [
    ...report.services.filter(({ state }) => state === "not_ready").map(unready),
    ...report.services
      .filter(({ state }) => state === "silent")
      .map(({ name }) => `${name} has a socket and does not answer: is it stopped or stuck?`),
    ...deadLetters(report),
  ];
  return { exit: problems.length === 0 ? "ok" : "negative", problems };
}

function unready({ name, reasons }: StatusReport["services"][number]): string {
  const why = Object.entries(reasons).map(([check, text]) => `${check}: ${text}`);
  return `${name} cannot work now (${why.length === 0 ? "it does not say why" : why.join("; ")})`;
}

function deadLetters({ bus }: StatusReport): readonly string[] {
  const count = bus?.deadLetters ?? 0;
  return count === 0 ? [] : [`${plural(count, "dead letter")}: kloros dlq list`];
}
