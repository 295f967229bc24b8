/** Each thing that a soak watches is seen when it is broken. */
import { expect, test } from "bun:test";
import type { ConsumerStatus } from "@kloros/journal";
import {
  CuriosityInvestigate,
  deriveId,
  EvidenceUpdated,
  InvestigationComplete,
  InvestigationTimeout,
  uuidv7,
} from "@kloros/signal-schema";
import { flawsOf } from "./check.ts";
import { boundsOf } from "./plan.ts";
import type { Sample } from "./sample.ts";
import type { Ids, SoakResult } from "./soak_run.ts";

const MINUTE = 60_000;
const BOUNDS = boundsOf({ minutes: 2, signalsPerS: 200 }, 5);
const [asked, hard, alert] = [uuidv7(MINUTE), uuidv7(MINUTE), uuidv7(MINUTE)];
const answer = deriveId(asked, "investigation-consumer", InvestigationComplete.name);
const evidence = deriveId(answer, "semantic-dedup", EvidenceUpdated.name);

const ids = (of: Readonly<Record<string, readonly (readonly [string, number])[]>>): Ids =>
  new Map(Object.entries(of).map(([what, counts]) => [what, new Map(counts)]));
const consumer = (name: string, matched: number): ConsumerStatus =>
  ({ name, matched, done: matched, open: 0 }) as unknown as ConsumerStatus;

const IDS: SoakResult["ids"] = {
  sources: ids({ investigate: [[asked, 1]], impossible: [[hard, 1]], alert: [[alert, 1]] }),
  worker: ids({ "investigation-consumer:done": [[asked, 1]], "investigation-consumer:dead": [[hard, 1]] }),
  dedup: ids({ "semantic-dedup:done": [[answer, 1]] }),
  rules: ids({ "policy-engine:done": [[alert, 1]], "policy-engine/evidence:done": [[evidence, 1]] }),
};
const SAMPLE: Sample = {
  atMs: 0,
  processes: { bus: { rssMb: 100, pssMb: 80, heapMb: 20, fds: 30, p50: 0, p99: 0, max: 0, count: 0 } },
  files: { journalMb: 10, walMb: 8, stateMb: 30, deadLetterFilesMb: 20, logsMb: 10 },
  rows: { signal: 1000, delivery: 1000, idmemo: 10, deadletter: 10, deadline: 10, state: 10 },
};
const GOOD: SoakResult = {
  samples: [SAMPLE],
  roots: 3,
  tapped: 5,
  consumers: [consumer("policy-engine", 1), consumer("policy-engine/trouble", 0)],
  counters: { purged: 100, wal_emptied: 1 },
  deadlinesFired: 0,
  lettersPurged: 1,
  unanswered: 0,
  setAside: ["failed_signals.jsonl.1", "worker.log.1"],
  ids: IDS,
  rows: SAMPLE.rows,
  verified: { ok: true, signals: 5, lastSeq: 105 } as SoakResult["verified"],
};

const timeoutOf = (id: string): string => deriveId(id, "chemical-bus", InvestigationTimeout.name);

test("a good one has no flaws", () => {
  expect(flawsOf(GOOD, BOUNDS)).toEqual([]);
  const timeout = rules({
    "policy-engine/trouble:done": [[timeoutOf(hard), 1]],
    "policy-engine:gone": [[alert, 1]],
  });
  const consumers = [consumer("policy-engine", 1), consumer("policy-engine/trouble", 1)];
  expect(flawsOf({ ...GOOD, ...timeout, consumers, deadlinesFired: 1 }, BOUNDS)).toEqual([]);
});

const rules = (
  of: Readonly<Record<string, readonly (readonly [string, number])[]>>,
): Partial<SoakResult> => ({
  ids: {
    ...IDS,
    rules: ids({ "policy-engine:done": [[alert, 1]], "policy-engine/evidence:done": [[evidence, 1]], ...of }),
  },
});

test.each<[string, Partial<SoakResult>, string]>([
  [
    "a lost question",
    { ids: { ...IDS, worker: ids({ "investigation-consumer:dead": [[hard, 1]] }) } },
    `${CuriosityInvestigate.name}: 1 missing`,
  ],
  ["a lost answer", { ids: { ...IDS, dedup: ids({}) } }, `${InvestigationComplete.name}: 1 missing`],
  ["evidence twice", rules({ "policy-engine/evidence:done": [[evidence, 2]] }), "2 times"],
  ["an alert that nobody said", rules({ "policy-engine:done": [[asked, 1]] }), "nobody said it"],
  ["a failure", rules({ "policy-engine:retry": [[alert, 1]] }), "policy-engine:retry: 1"],
  [
    "a timeout of a question that was answered",
    rules({ "policy-engine/trouble:done": [[timeoutOf(asked), 1]] }),
    "nobody said it",
  ],
  ["a loop", rules({ "policy-engine/trouble:done": [[uuidv7(MINUTE), 1]] }), "nobody said it"],
  ["a root without an answer", { roots: 4 }, "4 roots were said, 3 acknowledged"],
  ["an audit that differs", { verified: { ...GOOD.verified, ok: false } }, "audit: "],
  ["a timeout without a signal", { deadlinesFired: 1 }, "1 deadlines fired, 0 timeouts"],
  [
    "an alert too few",
    { consumers: [consumer("policy-engine", 0), consumer("policy-engine/trouble", 0)] },
    "0 matched",
  ],
  [
    "a file too large",
    { samples: [{ ...SAMPLE, files: { ...SAMPLE.files, walMb: 100 } }] },
    "write-ahead log, MB: 100.0",
  ],
  ["too many rows", { samples: [{ ...SAMPLE, rows: { ...SAMPLE.rows, idmemo: 1e6 } }] }, "rows of idmemo"],
  ["no purge", { counters: { wal_emptied: 1 } }, "it never happened that retention took signals away"],
  ["no rotation", { setAside: [] }, "it never happened that a log was set aside"],
])("%s is told", (_, change, text) => {
  expect(flawsOf({ ...GOOD, ...change }, BOUNDS).join("\n")).toContain(text);
});
