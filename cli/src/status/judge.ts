/** From what was found to "well" or "not well". Pure. */
import type { CliExit } from "../exit_codes.ts";
import { plural } from "../view/amounts.ts";
import type { ServiceStatus } from "./ask_service.ts";
import type { StatusReport } from "./gather_status.ts";

export interface Verdict {
  readonly exit: CliExit;
  /** What needs a hand, one sentence each. */
  readonly problems: readonly string[];
}

export function judge(report: StatusReport): Verdict {
  if (report.busAway !== null) return { exit: "unavailable", problems: [report.busAway] };
  const problems = [
    ...report.services.filter((one) => one.state === "not_ready" && !isResting(one)).map(unready),
    ...report.services
      .filter(({ state }) => state === "silent")
      .map(({ name }) => `${name} has a socket and does not answer: is it stopped or stuck?`),
    ...report.alerts.filter(({ severity }) => severity === "critical").map(({ says }) => says),
    ...deadLetters(report),
  ];
  return { exit: problems.length === 0 ? "ok" : "negative", problems };
}

const RESTS: ReadonlySet<string> = new Set(["maintenance", "paused"]);

/** It could work, and was told not to: shown, and nothing that needs a hand. */
export function isResting({ state, reasons }: Pick<ServiceStatus, "state" | "reasons">): boolean {
  const names = Object.keys(reasons);
  return state === "not_ready" && names.length > 0 && names.every((name) => RESTS.has(name));
}

function unready({ name, reasons }: StatusReport["services"][number]): string {
  const why = Object.entries(reasons).map(([check, text]) => `${check}: ${text}`);
  return `${name} cannot work now (${why.length === 0 ? "it does not say why" : why.join("; ")})`;
}

function deadLetters({ bus }: StatusReport): readonly string[] {
  const count = bus?.deadLetters ?? 0;
  return count === 0 ? [] : [`${plural(count, "dead letter")}: kloros dlq list`];
}
