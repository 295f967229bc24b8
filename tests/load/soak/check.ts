/** What a soak has to show: nothing lost, each once, no false alarm, and everything within its bounds. In words; empty: all well. */
import {
  CuriosityInvestigate,
  deriveId,
  EvidenceUpdated,
  InvestigationComplete,
  InvestigationTimeout,
} from "@kloros/signal-schema";
import type { Bounds } from "./plan.ts";
import type { Sample } from "./sample.ts";
import type { Ids, SoakResult } from "./soak_run.ts";
import { FAILS_FIRST, IMPOSSIBLE } from "./traffic.ts";

const WORKER = "investigation-consumer";
const DEDUP = "semantic-dedup";
const RULES = "policy-engine";
const NONE: ReadonlyMap<string, number> = new Map();

export function flawsOf(result: SoakResult, bounds: Bounds): string[] {
  return [...lost(result), ...audited(result), ...outOfBounds(result, bounds), ...neverHappened(result)];
}

/** The publishers' own files against those of the consumers, id by id. */
function lost({ ids, roots }: SoakResult): string[] {
  const { sources, worker, dedup, rules } = ids;
  const said = (what: string): readonly string[] => [...(sources.get(what) ?? NONE).keys()];
  const answered = [...said("investigate"), ...said(FAILS_FIRST)];
  const answers = answered.map((id) => deriveId(id, WORKER, InvestigationComplete.name));
  const evidence = answers.map((id) => deriveId(id, DEDUP, EvidenceUpdated.name));
  const stored = [...sources.values()].reduce((sum, of) => sum + of.size, 0);
  return [
    ...(stored === roots ? [] : [`${String(roots)} roots were said, ${String(stored)} acknowledged`]),
    ...eachOnce(CuriosityInvestigate.name, answered, worker, `${WORKER}:done`),
    ...eachOnce("dead letter", said(IMPOSSIBLE), worker, `${WORKER}:dead`),
    ...atMostOnce("retry", new Set(said(FAILS_FIRST)), worker, `${WORKER}:retry`),
    ...atMostOnce("timeout or loop", timeoutsOf(said(IMPOSSIBLE)), rules, `${RULES}/trouble:done`),
    ...eachOnce(InvestigationComplete.name, answers, dedup, `${DEDUP}:done`),
    ...eachOnce(EvidenceUpdated.name, evidence, rules, `${RULES}/evidence:done`),
    ...atMostOnce("alert", new Set(said("alert")), rules, `${RULES}:done`),
    ...[worker, dedup, rules].flatMap((of) => strange(of)),
  ];
}

/** A dead letter answers nobody: who asked hears of it by a timeout, ten minutes later (docs/adr/0009-deadlines-and-loops.md). */
function timeoutsOf(impossible: readonly string[]): ReadonlySet<string> {
  return new Set(impossible.map((id) => deriveId(id, "chemical-bus", InvestigationTimeout.name)));
}

/** Gone: a client that was silent for too long on a busy machine lost its lease; the delivery is given again. */
const EXPECTED = /^(.*:(done|gone|release)|investigation-consumer:(dead|retry))$/;

/** Failures and dead letters that nobody asked for. */
function strange(of: Ids): string[] {
  return [...of]
    .filter(([what]) => !EXPECTED.test(what))
    .map(([what, many]) => `${what}: ${String(many.size)}`);
}

function eachOnce(what: string, wanted: readonly string[], of: Ids, under: string): string[] {
  const found = of.get(under) ?? NONE;
  const missing = wanted.filter((id) => !found.has(id));
  const known = new Set(wanted);
  return [
    ...(missing.length === 0
      ? []
      : [`${what}: ${String(missing.length)} missing, e.g. ${String(missing[0])}`]),
    ...atMostOnce(what, known, of, under),
  ];
}

function atMostOnce(what: string, known: ReadonlySet<string>, of: Ids, under: string): string[] {
  return [...(of.get(under) ?? NONE)]
    .filter(([id, times]) => times > 1 || !known.has(id))
    .slice(0, 5)
    .map(([id, times]) => `${what} ${id}: ${known.has(id) ? `${String(times)} times` : "nobody said it"}`);
}

/** The counts of the bus against those of its clients, and its audit. */
function audited({ verified, consumers, ids, deadlinesFired }: SoakResult): string[] {
  const differs = (what: string, name: string, count: "matched" | "done", wanted: number): string[] => {
    const found = consumers.find((one) => one.name === name)?.[count];
    return found === wanted ? [] : [`${what}: ${String(wanted)}, the bus counts ${String(found)} ${count}`];
  };
  const timeouts = ids.rules.get(`${RULES}/trouble:done`)?.size ?? 0;
  return [
    ...(verified.ok
      ? []
      : [`audit: ${JSON.stringify([verified.differences, verified.damaged, verified.structure])}`]),
    ...differs("alerts said", RULES, "matched", ids.sources.get("alert")?.size ?? 0),
    ...differs("alerts handled", RULES, "done", ids.rules.get(`${RULES}:done`)?.size ?? 0),
    ...differs("timeouts and loops handled", `${RULES}/trouble`, "matched", timeouts),
    ...(deadlinesFired <= timeouts
      ? []
      : [`${String(deadlinesFired)} deadlines fired, ${String(timeouts)} timeouts`]),
  ];
}

function outOfBounds({ samples }: SoakResult, bounds: Bounds): string[] {
  const half = samples.slice(Math.floor(samples.length / 2));
  const flaws: string[] = [];
  const within = (what: string, value: (sample: Sample) => number, bound: number): void => {
    const most = Math.max(...half.map(value));
    if (most > bound) flaws.push(`${what}: ${most.toFixed(1)}, bound ${bound.toFixed(1)}`);
  };
  for (const [name, first] of Object.entries(samples[0]?.processes ?? {})) {
    const bound = name === "bus" ? bounds.busRssMb : bounds.clientRssMb;
    within(`RSS of ${name}, MB`, ({ processes }) => processes[name]?.rssMb ?? 0, bound);
    within(
      `descriptors of ${name}`,
      ({ processes }) => processes[name]?.fds ?? 0,
      first.fds + bounds.moreFds,
    );
  }
  for (const [table, bound] of Object.entries(bounds.rows))
    within(`rows of ${table}`, ({ rows }) => rows[table as keyof typeof rows], bound);
  within("journal, MB", ({ files }) => files.journalMb, bounds.journalMb);
  within("write-ahead log, MB", ({ files }) => files.walMb, bounds.walMb);
  within("files of dead letters, MB", ({ files }) => files.deadLetterFilesMb, bounds.deadLetterFilesMb);
  within("logs, MB", ({ files }) => files.logsMb, bounds.logsMb);
  return flaws;
}

/** What is scaled down must have been at work, or the bounds show nothing. */
function neverHappened({ counters, setAside, lettersPurged, samples, rows, verified }: SoakResult): string[] {
  const forgotten = (counters["purged"] ?? 0) - rows.idmemo;
  const happened: Readonly<Record<string, boolean>> = {
    "retention took signals away": (counters["purged"] ?? 0) > 0,
    "ids were forgotten": forgotten > 0,
    "the write-ahead log was emptied": (counters["wal_emptied"] ?? 0) > 0,
    "dead letters were purged": lettersPurged > 0,
    "the file of dead letters was set aside": setAside.includes("failed_signals.jsonl.1"),
    "a log was set aside": setAside.some((name) => name.endsWith(".log.1")),
    "the journal knows fewer signals than were said": verified.signals < verified.lastSeq,
    "there was a look each second": samples.length > 0,
  };
  return Object.entries(happened).flatMap(([what, did]) => (did ? [] : [`it never happened that ${what}`]));
}
