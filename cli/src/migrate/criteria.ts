/**
 * The original design's criteria of each phase, as far as they can be measured. Pure.
 *
 * `met` null: shown, and left to the operator, because no number says that it is right.
 */
import { duration, number, plural } from "../view/amounts.ts";
import type { Known, Measured, ServiceLook } from "./measured.ts";
import type { Position } from "./phases.ts";

export interface Criterion {
  readonly name: string;
  readonly met: boolean | null;
  /** What was measured. */
  readonly value: string;
}

type Judge = (measured: Measured) => Criterion;

/** Intents should be on disk within a second (the original: 0 to 60 s). */
const LATENCY_MS_MAX = 1000;
/** The old timer looks each minute, and takes ten at a time. */
const LEFT_LYING_MS = 600_000;

const ALWAYS: readonly Judge[] = [servicesWork, nothingRestarted, noErrors, noDeadLetters, addsUp];
const OBSERVED: readonly Judge[] = [translated, sidesAgree];
const ACTED: readonly Judge[] = [fast, integrated];

/** `divided`: from phase 2 on ours act on intents. */
export function judgePhase(position: Position, divided: boolean, measured: Measured): readonly Criterion[] {
  return judgesOf(position, divided).map((judge) => judge(measured));
}

function judgesOf(position: Position, divided: boolean): readonly Judge[] {
  const intents = divided ? ACTED : OBSERVED;
  switch (position) {
    case 0:
      return [servicesWork, nothingRestarted, noErrors, addsUp];
    case 1:
      return [...ALWAYS, ...OBSERVED];
    case 2:
      return [...ALWAYS, ...intents, sameRate];
    case 3:
      return [...ALWAYS, ...intents, advised, noFalseAlarm];
    case 4:
      return [...ALWAYS, ...ACTED, sameRate, noMissedCycle, smooth];
    default:
      return [];
  }
}

function judged(name: string, known: Known<unknown>, met: boolean, value: string): Criterion {
  return "unknown" in known
    ? { name, met: false, value: `not known: ${known.unknown}` }
    : { name, met, value };
}

function valueOf<T>(known: Known<T>, otherwise: T): T {
  return "known" in known ? known.known : otherwise;
}

function servicesWork({ services }: Measured): Criterion {
  const wrong = services.flatMap(whyNot);
  const runs = services.filter(({ role }) => role !== "waits");
  return {
    name: "services work",
    met: wrong.length === 0,
    value: wrong.length === 0 ? `${runs.length} of ${runs.length}` : wrong.join("; "),
  };
}

function whyNot({ name, role, active, mode, notReady }: ServiceLook): readonly string[] {
  if (role === "waits") return active === "active" ? [`${name} runs, and it is not its turn`] : [];
  if (active !== "active") return [`${name} is ${active}`];
  if (mode === null) return [`${name} does not answer`];
  if (mode !== role) return [`${name} is in ${mode} mode instead of ${role}`];
  return notReady === "" ? [] : [`${name} cannot work: ${notReady}`];
}

function nothingRestarted({ services }: Measured): Criterion {
  const restarted = services.filter(({ restarts }) => restarts > 0);
  return {
    name: "no service had to be started again",
    met: restarted.length === 0,
    value:
      restarted.length === 0
        ? "none"
        : restarted.map(({ name, restarts }) => `${name} ${plural(restarts, "time")}`).join(", "),
  };
}

function noErrors({ errors }: Measured): Criterion {
  const { count, sample } = valueOf(errors, { count: 0, sample: "" });
  const value = count === 0 ? "none" : `${number(count)}, the newest: ${sample}`;
  return judged("no errors in the logs", errors, count === 0, value);
}

function noDeadLetters({ deadLetters }: Measured): Criterion {
  const count = valueOf(deadLetters, 0);
  const value = count === 0 ? "none" : `${number(count)}: kloros dlq list`;
  return judged("no dead letters", deadLetters, count === 0, value);
}

function addsUp({ audit }: Measured): Criterion {
  const count = valueOf(audit, 0);
  const value = count === 0 ? "it does" : `${plural(count, "difference")}: kloros audit`;
  return judged("everything adds up", audit, count === 0, value);
}

function translated({ translated: known }: Measured): Criterion {
  const { signals, wouldReject } = valueOf(known, { signals: 0, wouldReject: 0 });
  const value = `${plural(signals, "intent")} translated, ${number(wouldReject)} it would reject`;
  return judged("intents are translated", known, signals > 0 && wouldReject === 0, value);
}

function sidesAgree({ waiting }: Measured): Criterion {
  const { count, oldestMs } = waiting;
  return {
    name: "both sides agree: the old one leaves no intent lying",
    met: count === 0 || oldestMs <= LEFT_LYING_MS,
    value:
      count === 0 ? "none waits" : `${plural(count, "waits", "wait")}, the oldest for ${duration(oldestMs)}`,
  };
}

function fast({ latency }: Measured): Criterion {
  const { count, p50Ms, p99Ms } = valueOf(latency, { count: 0, p50Ms: 0, p99Ms: 0 });
  const value =
    count === 0
      ? "none came"
      : `of the last ${number(count)}: half within ${duration(p50Ms)}, 99 of 100 within ${duration(p99Ms)}`;
  return judged("intents are signals within a second", latency, count > 0 && p99Ms < LATENCY_MS_MAX, value);
}

function integrated({ integrated: known }: Measured): Criterion {
  const { ours, failed, twice } = valueOf(known, { ours: 0, failed: 0, twice: 0 });
  const value = `${plural(ours, "module")} integrated, ${number(failed)} refused, ${number(twice)} twice`;
  return judged("no module is integrated twice", known, twice === 0, value);
}

function sameRate({ rate }: Measured): Criterion {
  const { since, before } = valueOf(rate, { since: 0, before: 0 });
  const name = "modules are integrated as before";
  if ("unknown" in rate) return { name, met: null, value: `not known: ${rate.unknown}` };
  return {
    name,
    met: null,
    value: `${number(since)} in this phase, ${number(before)} in as much time before`,
  };
}

function advised({ advisories }: Measured): Criterion {
  const count = valueOf(advisories, 0);
  const name = "advisories are on the bus";
  if ("unknown" in advisories) return judged(name, advisories, false, "");
  return { name, met: null, value: count === 0 ? "none: there was nothing to tell of" : number(count) };
}

function noFalseAlarm({ critical }: Measured): Criterion {
  const standing = valueOf(critical, []);
  const value = standing.length === 0 ? "none stands" : standing.join("; ");
  return judged("no critical alert", critical, standing.length === 0, value);
}

function noMissedCycle({ dream }: Measured): Criterion {
  const { triggers, overdue, timeouts } = valueOf(dream, { triggers: 0, overdue: 0, timeouts: 0 });
  const value = `${plural(triggers, "trigger")}, ${number(overdue)} without an end, ${number(timeouts)} timed out`;
  return judged("no D-REAM cycle is missed", dream, overdue === 0 && timeouts === 0, value);
}

function smooth({ cpuPercent }: Measured): Criterion {
  const name = "resource usage";
  if ("unknown" in cpuPercent) return { name, met: null, value: `not known: ${cpuPercent.unknown}` };
  return { name, met: null, value: `${cpuPercent.known.toFixed(1)} % of one core, all services together` };
}
