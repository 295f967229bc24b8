/**
 * One byte of a small journal or of its write-ahead log is flipped, 4 KiB from there are zeroed or overwritten, or the file is cut off there:
 * nothing changes, or the row is named and the rest is delivered, or the start is refused and the repair that it names saves the
 * rest and says what is lost. Never in silence.
 *
 * KLOROS_FLIPS=all takes every byte: minutes for the journal, half an hour and more for its log (`-t closed` and `-t write-ahead`
 * may run side by side). KLOROS_FLIPS=20000-20400: those bytes. KLOROS_FLIPS=60: what fits into a minute for each file. Without,
 * two seconds' worth, evenly spread.
 */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditNow } from "../audit/audit.ts";
import type { Broker } from "../broker.ts";
import { JournalError } from "../database.ts";
import { IntegrationFailed, createRoot } from "@kloros/signal-schema";
import { choicesOf } from "@kloros/signal-schema/testing";
import { RULES, WORKER, alert, question, text } from "../fixtures.ts";
import { readPage } from "../reading.ts";
import { repairJournal } from "./repair.ts";
import { TestClient, testBroker } from "../testing.ts";

const [FROM, TO] = process.env["KLOROS_FLIPS"]?.split("-").map(Number) ?? [];
const ALL = process.env["KLOROS_FLIPS"] === "all" || TO !== undefined;
const SECONDS = Number(process.env["KLOROS_FLIPS"]) || 2;
const LIMIT_MS = ALL ? 6 * 3_600_000 : (SECONDS + 20) * 1000;
/** Nothing here is about power: a sync costs nothing there. */
const IN_MEMORY = "/dev/shm";
const FLAWS_MAX = 20;
const LOOKED_MAX = 2000;
/** A prime, so that it reaches all. */
const STRIDE = 2011;
const SPEC = { ...WORKER, stateKey: "" };

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir(), "kloros-flips-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A journal with a bit of everything. `still`: a copy is made before it is closed, so that its log is full. */
async function build(still: boolean): Promise<string> {
  const home = join(dir, still ? "wal" : "closed");
  const at = join(dir, `${still ? "wal" : "closed"}-work`);
  for (const one of [home, at]) {
    rmSync(one, { recursive: true, force: true });
    mkdirSync(one, { recursive: true });
  }
  const { broker, clock } = testBroker({ path: join(at, "journal.db") });
  const worker = new TestClient(broker, WORKER.name);
  const rules = new TestClient(broker, RULES.name);
  const router = new TestClient(broker, "intent-router");
  const monitor = new TestClient(broker, "orchestrator-monitor");
  await worker.attach(SPEC);
  await rules.attach(RULES);
  for (let n = 0; n < 6; n++) {
    if (still && n === 5) broker.db.emptyWal();
    await router.now(
      router.session.publish([text(question(n, { question: `q ${n} ${"x".repeat(n * 90)}` }))]),
    );
    await monitor.now(monitor.session.publish([text(alert(n))]));
  }
  const nowMs = 1_763_856_000_000;
  const failed = createRoot(IntegrationFailed, IntegrationFailed.examples[0] as never, {
    source: "capability-integrator",
    nowMs,
  });
  const integrator = new TestClient(broker, "capability-integrator");
  await integrator.now(integrator.session.publish([text(failed)]));
  const content = { id: "intent 7", error: "it is no JSON", content: "{", fields: { intent_file: "7.json" } };
  await router.now(broker.admin("rejectContent", content, "intent-router"));
  const outcomes = [
    { kind: "done", emits: [], state: '{"seen":1}' },
    { kind: "dead", reason: "terminal", error: "impossible" },
    { kind: "retry", error: "later", delayMs: 60_000 },
    { kind: "done", emits: [], state: '{"seen":2}' },
  ] as const;
  for (const outcome of outcomes) {
    const [d] = worker.take(WORKER.name);
    if (d !== undefined) await worker.settle(d, outcome);
  }
  // Superseded alerts are purged.
  clock.advance(1000);
  const limits = { ageMs: 0, bytesMax: 1e9, rememberMs: 1e9 };
  await router.now(broker.admin("pruneJournal", { ...limits, after: 0 }));
  const [d] = worker.take(WORKER.name);
  await worker.now(worker.session.plan(WORKER.name, d!.seq, d!.token, '{"step":1}'));
  const copy = (): void =>
    cpSync(at, home, { recursive: true, filter: (file) => !/-shm$|\.lock$/.test(file) });
  if (still) copy();
  broker.close();
  if (!still) copy();
  return home;
}

interface Seen {
  readonly signals: ReadonlyMap<number, string>;
  readonly states: ReadonlyMap<string, string>;
  readonly delivered: ReadonlyMap<string, string>;
  /** The consumer's state that came with it. */
  readonly given: ReadonlyMap<string, string>;
  readonly letters: ReadonlyMap<number, string>;
  readonly named: ReadonlySet<number>;
  /** A state was named: whose it was, its damaged row need not say. */
  readonly stateNamed: boolean;
}

/** All that a bus on this journal would say and do. */
async function look(home: string): Promise<Seen> {
  const { broker } = testBroker({ path: join(home, "journal.db") });
  try {
    const delivered = new Map<string, string>();
    const given = new Map<string, string>();
    for (const spec of [SPEC, RULES]) {
      const client = new TestClient(broker, spec.name, { instance: "next" });
      await client.attach(spec);
      for (let turn = 0; turn < 20; turn++) {
        const all = client.take(spec.name);
        for (const d of all) {
          delivered.set(`${spec.name} ${d.seq}`, JSON.stringify([d.body, d.plan, d.attempt]));
          given.set(`${spec.name} ${d.seq}`, d.state ?? "");
          await client.settle(d, { kind: "done", emits: [] });
        }
        broker.flush();
      }
    }
    const page = readAll(broker);
    const all = await broker.admin("deadLetters", { includeRetried: true });
    const letters = new Map(all.map((letter) => [letter.n, JSON.stringify(letter)]));
    const report = auditNow(broker.db.handle);
    expect(report).toMatchObject({ ok: true, differences: [], damaged: [] });
    const named = new Set([...report.setAside.map(({ seq }) => seq), ...page.damaged]);
    const stateNamed = report.setAside.some(({ what }) => what.startsWith("checksum of the state"));
    return { ...page, delivered, given, letters, named, stateNamed };
  } finally {
    broker.close();
  }
}

/** Most repairs lead to the same journal, byte for byte. */
const looked = new Map<string, Promise<Seen>>();

function lookOnce(home: string): Promise<Seen> {
  const bytes = readFileSync(join(home, "journal.db"));
  const key = `${bytes.length} ${Bun.hash(bytes)}`;
  const seen = looked.get(key) ?? look(home);
  if (looked.size < LOOKED_MAX) looked.set(key, seen);
  return seen;
}

function readAll(broker: Broker): Pick<Seen, "signals" | "states"> & { damaged: readonly number[] } {
  // On this connection: a thread for each of a hundred thousand journals takes most of the time.
  const { items, damaged = [] } = readPage(broker.db.handle, { limit: 1000 });
  const signals = new Map(items.map((item) => [item.seq, JSON.stringify(item.envelope)]));
  const states = new Map(
    items.flatMap(({ seq, deliveries }) => deliveries.map((d) => [`${d.consumer} ${seq}`, d.state] as const)),
  );
  return { signals, states, damaged };
}

interface Named {
  readonly signals: ReadonlySet<number>;
  /** Consumer and sequence number. */
  readonly again: ReadonlySet<string>;
  /** What a repair says besides. */
  readonly notes: readonly string[];
}

/** Whole pages, frames or transactions are named: nobody can say which states, letters or deliveries they held. */
const WIDE =
  /^page \d+ (is missing|says nothing)|of a table that nothing tells|^frame \d+ .* says nothing|^the last \d+ transactions/;

/** All signals are there or named, and whatever was to be given is given. */
function silentBeneath(before: Seen, after: Seen, { signals, notes }: Named): string[] {
  const found: string[] = [];
  for (const [seq, body] of before.signals)
    if (after.signals.get(seq) !== body && !signals.has(seq)) found.push(`signal ${seq}`);
  for (const key of before.delivered.keys()) {
    const isNamed =
      signals.has(Number(key.split(" ")[1])) || notes.some((note) => /begins as|asks for/.test(note));
    if (!after.delivered.has(key) && !isNamed) found.push(`${key} is not given`);
  }
  return found;
}

/** What is different without being named; empty: nothing. A note names what it calls by its name, and nothing else. */
function silent(before: Seen, after: Seen, { signals, again, notes }: Named): string[] {
  const found: string[] = [];
  const says = (...words: readonly string[]): boolean =>
    notes.some((note) => words.every((word) => note.includes(word)));
  const isNamed = (key: string): boolean => {
    const [consumer = "", seq] = key.split(" ");
    const its = says(`signal ${seq} to ${consumer}`) || says(`dead letter of ${consumer} for signal ${seq}`);
    // A consumer that is lost, or of which it is not known since when it asks; what is due when.
    const all = says("begins as a new one") || says(`consumer ${consumer} asks for`) || says("clock is lost");
    return signals.has(Number(seq)) || again.has(key) || its || all;
  };
  const differ = (key: string, what: string): void => {
    if (!isNamed(key)) found.push(`${key}: ${what}`);
  };
  for (const [seq, body] of before.signals)
    if (after.signals.get(seq) !== body && !signals.has(seq)) found.push(`signal ${seq}`);
  for (const seq of after.signals.keys())
    if (!before.signals.has(seq) && !says("remembered id")) found.push(`signal ${seq} comes again`);
  for (const [key, what] of before.delivered)
    if (after.delivered.get(key) !== what)
      differ(key, `given ${after.delivered.get(key)} instead of ${what}`);
  for (const [key, state] of after.given)
    if (before.given.has(key) && before.given.get(key) !== state && !after.stateNamed && !says("state"))
      differ(key, `with the state ${state} instead of ${before.given.get(key)}`);
  for (const key of after.delivered.keys()) if (!before.delivered.has(key)) differ(key, "given again");
  for (const [key, state] of before.states)
    if (after.states.get(key) !== state) differ(key, `${after.states.get(key)} instead of ${state}`);
  const letters = [...before.letters].filter(([n, letter]) => after.letters.get(n) !== letter);
  for (const [n, letter] of letters) {
    const { consumer, seq } = JSON.parse(letter) as { readonly consumer: string; readonly seq: number };
    const anew = says(`dead letter of ${consumer} for signal ${seq}`);
    // Its number may be what is damaged, or its signal's.
    const lost = says("dead letter", `(signal ${seq}) does not match`) || says(`dead letter ${n} `);
    if (!signals.has(seq) && !anew && !lost && !says("of dead letters"))
      found.push(`dead letter ${n}: ${after.letters.get(n)} instead of ${letter}`);
  }
  for (const [n, letter] of after.letters)
    if (!before.letters.has(n) && letters.length === 0) found.push(`dead letter ${n} comes again: ${letter}`);
  return found;
}

/** In order, but with a stride that has no factor in common with a page. */
function* offsets(size: number): Generator<number> {
  if (TO !== undefined) {
    for (let at = FROM ?? 0; at < Math.min(TO, size); at++) yield at;
    return;
  }
  for (let i = 0, at = 0; i < size; i++, at = (at + STRIDE) % size) yield at;
}

/** What the file says when it is damaged at a byte. */
type Damage = (bytes: Buffer, at: number) => Buffer;

const flip: Damage = (bytes, at) => {
  const flipped = Buffer.from(bytes);
  flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
  return flipped;
};
/** Half of them begin where a page does. */
const startOf = (at: number): number => (at % 2 === 0 ? at : at - (at % 4096));
const overwritten = (bytes: Buffer, at: number, by: Buffer): Buffer => {
  const all = Buffer.from(bytes);
  by.copy(all, startOf(at));
  return all;
};
const zero: Damage = (bytes, at) => overwritten(bytes, at, Buffer.alloc(4096));
const noise: Damage = (bytes, at) => {
  const chance = choicesOf(at);
  return overwritten(bytes, at, Buffer.from(Array.from({ length: 4096 }, () => chance.below(256))));
};
const cutOff: Damage = (bytes, at) => bytes.subarray(0, at);

async function damageAll(
  home: string,
  file: string,
  damage: Damage,
  seconds = SECONDS,
): Promise<Record<string, number>> {
  const before = await baseline(home);
  const bytes = readFileSync(join(home, file));
  const flaws: string[] = [];
  const counts: Record<string, number> = { bytes: 0, nothing: 0, named: 0, refused: 0 };
  const until = performance.now() + seconds * 1000;
  const place = join(dir, `${damage.name}-${file}`);
  for (const at of offsets(bytes.length)) {
    if (!ALL && performance.now() > until) break;
    rmSync(place, { recursive: true, force: true });
    cpSync(home, place, { recursive: true });
    writeFileSync(join(place, file), damage(bytes, at));
    const verdict = await judge(place, before, damage).catch((error: unknown) => {
      const flaw = `byte ${at}: ${messageOf(error)}`;
      if (flaws.length < FLAWS_MAX) flaws.push(flaw);
      if (ALL) process.stderr.write(`${flaw}\n`);
      return "silent";
    });
    for (const one of ["bytes", verdict]) counts[one] = (counts[one] ?? 0) + 1;
    if (ALL && (counts["bytes"] ?? 0) % 1000 === 0) report(`${damage.name} ${file}`, counts);
  }
  report(`${damage.name} ${file}`, counts);
  expect(flaws).toEqual([]);
  return counts;
}

const messageOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? "") : String(error));

async function baseline(home: string): Promise<Seen> {
  const place = join(dir, "baseline");
  rmSync(place, { recursive: true, force: true });
  cpSync(home, place, { recursive: true });
  return look(place);
}

type Verdict = "nothing" | "named" | "refused" | "refused, more than signals named";

async function judge(place: string, before: Seen, damage: Damage): Promise<Verdict> {
  const path = join(place, "journal.db");
  let repaired: ReturnType<typeof repairJournal> | undefined;
  let after: Seen;
  try {
    after = await look(place);
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    expect(error.message).toContain("`kloros journal repair`");
    repaired = repairJournal(path, { nowMs: 1_763_856_100_000 });
    expect(existsSync(repaired.kept)).toBe(true);
    after = await lookOnce(place);
  }
  const notes = repaired?.notes ?? [];
  const signals = new Set([...after.named, ...(repaired?.signals.map(({ seq }) => seq) ?? [])]);
  const again = new Set(repaired?.again.map(({ consumer, seq }) => `${consumer} ${seq}`) ?? []);
  const compare = damage !== flip && notes.some((note) => WIDE.test(note)) ? silentBeneath : silent;
  expect(compare(before, after, { signals, again, notes })).toEqual([]);
  if (repaired !== undefined) return notes.length > 0 ? "refused, more than signals named" : "refused";
  return signals.size > 0 ? "named" : "nothing";
}

function report(what: string, counts: Readonly<Record<string, number>>): void {
  if (process.env["KLOROS_FLIPS"] !== undefined) process.stderr.write(`${what}: ${JSON.stringify(counts)}\n`);
}

const KINDS = [
  ["a flipped byte", flip, SECONDS],
  ["4 KiB of zeros", zero, SECONDS / 2],
  ["4 KiB of noise", noise, SECONDS / 2],
  ["an end that was cut off", cutOff, SECONDS / 2],
] as const;
const FILES = [
  ["a closed journal", false, "journal.db"],
  ["a journal with a log", true, "journal.db"],
  ["a write-ahead log", true, "journal.db-wal"],
] as const;

for (const [what, damage, seconds] of KINDS)
  for (const [whose, still, file] of FILES)
    test(
      `${what} of ${whose} has no effect, is named, or refuses the start and is repaired`,
      async () => {
        const counts = await damageAll(await build(still), file, damage, seconds);
        const { bytes = 0, nothing = 0, named = 0 } = counts;
        // What stands in the log hides nearly all of its file.
        if (!still || file !== "journal.db") expect(bytes).toBeGreaterThan(nothing + named);
      },
      LIMIT_MS,
    );

test("a flipped byte of the mark beside the journal does not keep it from starting", async () => {
  const home = await build(true);
  const counts = await damageAll(home, "journal.hwm", flip, 0.5);
  expect(counts).toMatchObject({ refused: 0, named: 0 });
  const db = new Database(join(home, "journal.db"), { readonly: true });
  expect(auditNow(db)).toMatchObject({ ok: true });
  db.close();
});
