/**
 * Opens what a loss of power left with the real code, and holds it against what had been promised before.
 *
 * What is asked: the bus starts; each acknowledged signal is there, byte for byte (or, where retention was at work, its id
 * is remembered); each acknowledged outcome, plan and state stands; the books add up; no number is given twice.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Database } from "bun:sqlite";
import { type Broker, JournalError, auditJournal, repairJournal, restoreJournal } from "@kloros/journal";
import { TestClient, brokenInvariants, testBroker } from "@kloros/journal/testing";
import { CuriosityInvestigate, createRoot } from "@kloros/signal-schema";
import type { Choices } from "@kloros/signal-schema/testing";
import type { Image } from "./disk.ts";
import type { Promised, Settled } from "./promised.ts";
import { RULES, WORKER } from "./workload.ts";

const NOW = 1_763_990_000_000;

export interface Verdict {
  readonly start: "started" | "refused";
  /** What was promised and is not so; empty: all holds. */
  readonly broken: readonly string[];
}

export interface JudgeOptions {
  readonly choices: Choices;
  /** The journal was damaged before: a start may refuse, and a repair may lose this much. */
  /** The journal was of version 1: once it is not, its copy must stand beside it, with so many signals. */
  readonly versionOne?: number;
  readonly damaged?: { readonly lost: ReadonlySet<number>; readonly worse: ReadonlySet<number> };
}

/** Of SQLite's shared memory nothing is promised; whatever stands there must not matter. */
export function writeImage(root: string, image: Image, choices: Choices): void {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { mode: 0o700 });
  for (const [name, bytes] of image)
    if (!name.endsWith("-shm")) writeFileSync(join(root, name), bytes, { mode: 0o600 });
  if (!image.has("journal.db") || choices.random() < 0.5) return;
  const noise = Uint8Array.from({ length: choices.pick([0, 100, 32_768]) }, () => choices.below(256));
  writeFileSync(join(root, "journal.db-shm"), noise, { mode: 0o600 });
}

export async function judge(root: string, promised: Promised, options: JudgeOptions): Promise<Verdict> {
  const path = join(root, "journal.db");
  let start: Verdict["start"] = "started";
  const broken: string[] = [];
  let broker: Broker;
  try {
    broker = openBroker(path);
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    start = "refused";
    if (options.damaged === undefined) broken.push(`refused: ${error.message}`);
    // Also a wrong refusal must be mendable.
    const report = repairJournal(path, { nowMs: NOW });
    const beyond = report.signals.filter(({ seq }) => options.damaged?.lost.has(seq) !== true);
    const acknowledged = beyond.filter(({ seq }) => promised.stored.has(seq)).map(({ seq }) => seq);
    if (acknowledged.length > 0) broken.push(`the repair lost the signals ${acknowledged.join(", ")}`);
    broker = openBroker(path);
  }
  try {
    broken.push(...(await compare(broker, promised, options)));
  } finally {
    broker.close();
  }
  const audit = await auditJournal(path);
  if (!audit.ok) broken.push(...audit.differences.map((text) => `audit: ${text}`));
  broken.push(...brokenBackups(root, promised), ...brokenCopy(root, options));
  return { start, broken };
}

function openBroker(path: string): Broker {
  return testBroker({ path, room: { reserveBytes: 65_536, freeBytesMin: 0 } }).broker;
}

/** While a restore is under way, either of the two journals may be there, whole. */
async function compare(broker: Broker, promised: Promised, options: JudgeOptions): Promise<string[]> {
  const views = [promised, promised.restoring];
  const findings = views
    .filter((view) => view !== undefined)
    .map((view) => differences(broker.db.handle, view, options));
  const best = findings.toSorted((a, b) => a.length - b.length)[0] ?? [];
  const invariants = brokenInvariants(broker.db.handle).filter((flaw) => !tellsOfLost(flaw, options));
  return [...best, ...invariants, ...(await goesOn(broker, promised, options))];
}

/** An answer that the repair named as lost stays named by its request. */
function tellsOfLost(flaw: string, { damaged }: JudgeOptions): boolean {
  const [, answer] = /names an answer (\d+) that is not there/.exec(flaw) ?? [];
  return answer !== undefined && damaged?.lost.has(Number(answer)) === true;
}

interface DeliveryRow {
  readonly state: number;
  readonly attempt: number;
  readonly plan: string | null;
}

function differences(db: Database, promised: Promised, { damaged }: JudgeOptions): string[] {
  const signal = db.query<{ id: string; body: string }, [number]>(
    "SELECT id, body FROM signal WHERE seq = ?",
  );
  const memo = db.query<{ seq: number }, [string]>("SELECT seq FROM idmemo WHERE id = ?");
  const byId = db.query<{ seq: number }, [string]>(
    "SELECT seq FROM signal WHERE id = ?1 UNION SELECT seq FROM idmemo WHERE id = ?1",
  );
  const delivery = db.query<DeliveryRow, [string, number]>(
    "SELECT d.state, d.attempt, d.plan FROM delivery d JOIN consumer c USING(cid) WHERE c.name = ? AND d.seq = ?",
  );
  const found: string[] = [];
  const gone = new Set<number>();
  for (const [seq, { id, body }] of promised.stored) {
    const row = signal.get(seq);
    if (row?.body === body && row.id === id) continue;
    gone.add(seq);
    if (row !== null) found.push(`signal ${String(seq)} is another one`);
    else if (!(promised.pruning && memo.get(id)?.seq === seq) && damaged?.lost.has(seq) !== true)
      found.push(`signal ${String(seq)} is lost`);
  }
  for (const settled of promised.settled.values()) {
    const { key, emits } = settled;
    const { name, seq } = partsOf(key);
    for (const id of emits)
      if (byId.get(id) === null && damaged === undefined) found.push(`what ${key} emitted is lost: ${id}`);
    if (gone.has(seq) || damaged?.worse.has(seq) === true) continue;
    const row = delivery.get(name, seq);
    if (row === null ? !promised.pruning : !stands(row, settled, promised.tried.get(key)))
      found.push(`${key} was ${settled.outcome}, and is ${JSON.stringify(row)}`);
  }
  for (const [key, plans] of promised.plans) {
    const { name, seq } = partsOf(key);
    const row = delivery.get(name, seq);
    // It goes with the delivery's end.
    const ended = (promised.tried.get(key)?.size ?? 0) > 0 || row === null;
    const known = plans.some((plan) => row?.plan?.includes(plan));
    if (!ended && !known && damaged?.worse.has(seq) !== true)
      found.push(`the plan of ${key} is ${String(row.plan)}, none of ${plans.join(", ")}`);
  }
  return [...found, ...lostState(db, promised, damaged !== undefined)];
}

/** WAITING or READY after a retry; a later try may have gone further. */
function stands(row: DeliveryRow, { outcome }: Settled, tried: ReadonlySet<string> | undefined): boolean {
  const [DONE, DEAD] = [2, 4];
  if (outcome === "done") return row.state === DONE;
  if (outcome === "dead") return row.state === DEAD;
  const further =
    (row.state === DONE && tried?.has("done") === true) ||
    (row.state === DEAD && tried?.has("dead") === true);
  return (row.state <= 1 && row.attempt > 0) || further || row.state === 3;
}

function lostState(db: Database, { states }: Promised, damaged: boolean): string[] {
  if (states.length === 0 || damaged) return [];
  const row = db
    .query<{ value: string }, [string]>(
      "SELECT s.value FROM state s JOIN consumer c USING(cid) WHERE c.name = ?",
    )
    .get(WORKER.name);
  const known = states.some((state) => row?.value.endsWith(state) === true);
  return known || row === null
    ? []
    : [`the state of ${WORKER.name} is ${row.value}, none of ${states.join(", ")}`];
}

/** New numbers, old ids known, nothing that is done delivered again. */
async function goesOn(
  broker: Broker,
  promised: Promised,
  { choices, damaged }: JudgeOptions,
): Promise<string[]> {
  const found: string[] = [];
  if (broker.epoch <= promised.epoch)
    found.push(`epoch ${String(broker.epoch)} again, after ${String(promised.epoch)}`);
  const router = new TestClient(broker, "intent-router", { instance: "after" });
  const facts = { ...CuriosityInvestigate.examples[0], question: "after", question_id: "after" };
  const next = createRoot(CuriosityInvestigate, facts as never, { source: "intent-router", nowMs: NOW });
  const old = choices.pick([undefined, ...promised.stored].slice(-20)) as
    | [number, { body: string }]
    | undefined;
  const said = old?.[1].body.includes('"intent-router"') === true ? [old[1].body] : [];
  const [first, again] = await router.now(router.session.publish([JSON.stringify(next), ...said]));
  if (first?.status !== "stored" || (first.seq <= promised.last && damaged === undefined))
    found.push(`a new signal was ${JSON.stringify(first)}, after signal ${String(promised.last)}`);
  if (again !== undefined && promised.restoring === undefined && damaged === undefined)
    if (again.status !== "duplicate" || again.seq !== old?.[0])
      found.push(`said again: ${JSON.stringify(again)}`);
  for (const spec of [WORKER, RULES]) {
    const client = new TestClient(broker, spec.name, { instance: "after" });
    await client.attach(spec);
    for (const { seq } of client.take(spec.name)) {
      const key = `${spec.name} ${String(seq)}`;
      const outcome = promised.restoring === undefined ? promised.settled.get(key)?.outcome : undefined;
      if (outcome !== undefined && outcome !== "retry" && damaged?.worse.has(seq) !== true)
        found.push(`${key} is delivered again after ${outcome}`);
    }
  }
  return found;
}

/** A backup that was reported can be restored. */
function brokenBackups(root: string, promised: Promised): string[] {
  const found: string[] = [];
  for (const name of [...promised.backups.keys()].slice(-1)) {
    const place = join(root, "restored");
    mkdirSync(place);
    try {
      if (existsSync(join(root, name)))
        restoreJournal(join(place, "journal.db"), join(root, name), { nowMs: NOW });
      else found.push(`the backup ${name} is lost`);
    } catch (error) {
      found.push(`the backup ${name}: ${String(error)}`);
    }
  }
  return found;
}

/** Whoever goes back to the older program needs it. */
function brokenCopy(root: string, { versionOne }: JudgeOptions): string[] {
  if (versionOne === undefined) return [];
  try {
    const copy = new Database(join(root, "journal.db.v1"));
    const { n } = copy.query("SELECT count(*) AS n FROM signal").get() as { n: number };
    copy.close();
    return n === versionOne ? [] : [`the copy of version 1 has ${String(n)} signals`];
  } catch (error) {
    return [`the copy of version 1: ${String(error)}`];
  }
}

function partsOf(key: string): { readonly name: string; readonly seq: number } {
  const [name = "", seq = ""] = key.split(" ");
  return { name, seq: Number(seq) };
}
