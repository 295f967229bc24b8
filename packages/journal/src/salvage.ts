/**
 * Takes rows from the pages of a damaged journal into a new one: those that match their checksum, and no others.
 *
 * Which table a row is of, its shape and its checksum say, so that neither SQLite's schema nor its trees need be whole.
 * Newest versions come first, and what is there already stays.
 */
import type { ConsumerSpec } from "./broker_types.ts";
import { type SignalColumns, unsealState } from "./checksum.ts";
import { isIntact } from "./audit.ts";
import type { JournalDatabase } from "./database.ts";
import { type DeadlineRow, wholeSum } from "./deadline_rows.ts";
import { freePages } from "./free_pages.ts";
import type { JournalImage } from "./journal_image.ts";
import { type PageRow, type Value, rowsOf } from "./page_rows.ts";
import { type LetterColumns, consumerSum, letterSum, memoSum, subscriptionSum } from "./row_sums.ts";
import { deliverySum } from "./schema.ts";

export interface Salvage {
  /** Numbers of the journal itself, the highest found of each. */
  readonly meta: Map<string, number | string>;
  /** Sequence numbers by id, from SQLite's indexes: they may name what is lost. */
  readonly ids: Map<number, string>;
  /** Rows that do not match their checksum, and cells that make no sense. */
  broken: number;
  /** Consumers whose row does not match its checksum, though what it says can be. */
  readonly mended: string[];
  /** Rows of which only an earlier version is left, in words. */
  readonly earlier: string[];
  /** Consumers' states that do not match their checksum, in words. */
  readonly states: string[];
  /** Now only what stands on older pages is looked at. */
  older: boolean;
}

/** Fills an empty journal. Runs in one transaction of the caller. */
export function salvage(image: JournalImage, into: JournalDatabase): Salvage {
  const found: Salvage = {
    meta: new Map(),
    ids: new Map(),
    broken: 0,
    mended: [],
    earlier: [],
    states: [],
    older: false,
  };
  const unused = freePages(image);
  for (let number = 1; number <= image.pageCount; number++) {
    const bytes = unused.has(number) ? undefined : image.page(number);
    if (bytes !== undefined) found.broken += takePage(image, { number, bytes }, into, found);
  }
  // An older page is looked at too: its rows are older versions, or what the newer page has lost.
  found.older = true;
  found.broken += image.brokenFrames;
  for (const page of image.older()) takePage(image, page, into, found);
  // Purged, and found on a page that nobody could say was given back.
  into.prepare("DELETE FROM signal WHERE id IN (SELECT id FROM idmemo)").run();
  return found;
}

function takePage(
  image: JournalImage,
  { number, bytes }: { readonly number: number; readonly bytes: Uint8Array },
  into: JournalDatabase,
  found: Salvage,
): number {
  const { rows, broken } = rowsOf(bytes, number, image.page);
  return rows.reduce((count, row) => count + (takeRow(row, into, found) ? 0 : 1), broken);
}

type Taker = (values: readonly Value[], into: JournalDatabase, found: Salvage) => boolean;

/** By number of columns; those of tables with row ids have it in place of their first one. */
const WITH_ROWID: Readonly<Record<number, Taker>> = {
  5: () => true, // SQLite's schema
  7: takeDeadline,
  10: takeSignal,
  14: takeLetter,
  15: takeConsumer,
};
const WITHOUT_ROWID: Readonly<Record<number, Taker>> = {
  2: takeMeta,
  3: takeState,
  4: (v, into, found) =>
    typeof v[0] === "string" ? takeSubscription(v, into, found) : takeDamage(v, into, found),
  5: takeMemo,
  13: takeDelivery,
};

function takeRow({ rowid, values }: PageRow, into: JournalDatabase, found: Salvage): boolean {
  const take = (rowid === null ? WITHOUT_ROWID : WITH_ROWID)[values.length];
  if (take === undefined) return false;
  try {
    return take(rowid === null ? values : [rowid, ...values.slice(1)], into, found);
  } catch {
    return false; // a column of a type that it cannot have
  }
}

function insert(into: JournalDatabase, table: string, values: readonly Value[], found: Salvage): void {
  // In a journal without damage what only older pages have was deleted since.
  if (found.older && found.broken === 0) return;
  const marks = values.map(() => "?").join(",");
  const { changes } = into.prepare(`INSERT OR IGNORE INTO ${table} VALUES(${marks})`).run(...values);
  if (changes === 1 && found.older && table !== "signal")
    found.earlier.push(`${table} ${String(values[0])} ${String(values[1])}`);
}

/** The columns by name; their types are as good as the checksum that is compared next. */
function named(names: string, values: readonly Value[]): Readonly<Record<string, Value>> {
  return Object.fromEntries(names.split(" ").map((name, at) => [name, values[at] ?? null]));
}

function takeSignal(v: readonly Value[], into: JournalDatabase, found: Salvage): boolean {
  const row = named("seq id name source lane at trace ckey sum body", v) as unknown as SignalColumns & {
    seq: number;
    sum: number;
  };
  if (!isIntact(row)) return false;
  // Purged, and in an older page still.
  if (into.prepare("SELECT 1 FROM idmemo WHERE id = ?").get(row.id) === null)
    insert(into, "signal", v, found);
  return true;
}

function takeDeadline(v: readonly Value[], into: JournalDatabase, found: Salvage): boolean {
  const row = named("request_seq limit_ms state due closed_by late_ms sum", v) as unknown as DeadlineRow;
  if (wholeSum(row) !== row.sum) return false;
  insert(into, "deadline", v, found);
  return true;
}

function takeLetter(v: readonly Value[], into: JournalDatabase, found: Salvage): boolean {
  const names = "n cid seq id consumer reason error attempts first_at dead_at state content fields";
  if (letterSum(named(names, v) as unknown as LetterColumns) !== v[13]) return false;
  insert(into, "deadletter", v, found);
  return true;
}

/** One whose checksum is wrong is worth more than none when what it says can be; its counts are made anew anyway. */
function takeConsumer(v: readonly Value[], into: JournalDatabase, found: Salvage): boolean {
  const row = named("cid name definition holder", v) as unknown as {
    cid: number;
    name: string;
    definition: string;
    holder: string;
  };
  const removed_at = v[12] as number | null;
  const sum = consumerSum({ ...row, removed_at });
  const intact = sum === v[13];
  const spec = JSON.parse(row.definition) as ConsumerSpec;
  const plausible = removed_at !== null ? row.name.startsWith(spec.name) : spec.name === row.name;
  if (!intact && (!plausible || !Array.isArray(spec.signals) || typeof row.holder !== "string")) return false;
  const before = into.prepare("SELECT 1 FROM consumer WHERE cid = ?").get(row.cid);
  insert(into, "consumer", [...v.slice(0, 13), sum, 0], found);
  if (!intact && before === null) found.mended.push(row.name);
  return intact;
}

const NUMBERS = new Set(["next_seq", "epoch", "clock", "commit", "forgotten_seq"]);

/** Indexes have the same shape: of signals, an id and a number; of deadlines and remembered ids, a time and what it is of. */
function takeMeta([key, value]: readonly Value[], _into: JournalDatabase, { meta, ids }: Salvage): boolean {
  if (typeof key !== "string") return typeof key === "number";
  if (typeof value === "number" && NUMBERS.has(key)) {
    meta.set(key, Math.max(value, Number(meta.get(key) ?? 0)));
  } else if (typeof value === "number" && /^[0-9a-f-]{36}$/.test(key)) {
    if (!ids.has(value)) ids.set(value, key);
  } else if (typeof value === "number" || typeof value === "string") {
    if (/^[a-z_]+(:\d+)?$/.test(key) && !meta.has(key)) meta.set(key, value);
  }
  return true;
}

function takeState(v: readonly Value[], into: JournalDatabase, found: Salvage): boolean {
  const [cid, key, value] = v;
  // Of an index: all numbers.
  if (typeof value !== "string") return true;
  const intact =
    typeof cid === "number" && typeof key === "string" && unsealState(cid, key, value) !== undefined;
  if (!intact) {
    if (!found.older) found.states.push(`state "${String(key)}" of consumer number ${String(cid)}`);
    return false;
  }
  insert(into, "state", v, found);
  return true;
}

function takeSubscription(v: readonly Value[], into: JournalDatabase, found: Salvage): boolean {
  const row = named("name cid from_seq", v) as unknown as { name: string; cid: number; from_seq: number };
  if (subscriptionSum(row) !== v[3]) return false;
  insert(into, "subscription", v, found);
  return true;
}

function takeDamage(v: readonly Value[], into: JournalDatabase, found: Salvage): boolean {
  // Of an index: no text.
  if (typeof v[2] === "string") insert(into, "damage", v, found);
  return true;
}

function takeMemo(v: readonly Value[], into: JournalDatabase, found: Salvage): boolean {
  const row = named("id seq body_hash forget_at", v) as unknown as Parameters<typeof memoSum>[0];
  if (memoSum(row) !== v[4]) return false;
  insert(into, "idmemo", v, found);
  return true;
}

const DELIVERY = "cid seq state lane attempt strikes suspect due settled_at ckey plan error sum".split(" ");
const TAKE_DELIVERY =
  `INSERT OR IGNORE INTO delivery SELECT * FROM (SELECT ${DELIVERY.map((name) => `? AS ${name}`).join(", ")}) ` +
  `WHERE sum = ${deliverySum({})}`;

/** To the arithmetic of the checksum an empty blob is 0, which it is not where it is compared. */
function hasDeliveryTypes(v: readonly Value[]): boolean {
  return v.every((value, at) => {
    const column = DELIVERY[at] ?? "";
    if (value === null) return /^(settled_at|ckey|plan|error)$/.test(column);
    return typeof value === (/^(ckey|plan|error)$/.test(column) ? "string" : "number");
  });
}

function takeDelivery(v: readonly Value[], into: JournalDatabase, found: Salvage): boolean {
  if (!hasDeliveryTypes(v)) return false;
  const known = into.prepare("SELECT 1 FROM delivery WHERE cid = ? AND seq = ?");
  if (found.older && found.broken === 0) return true;
  const { changes } = into.prepare(TAKE_DELIVERY).run(...v);
  if (changes === 1 && found.older) found.earlier.push(`delivery ${String(v[0])} ${String(v[1])}`);
  return changes === 1 || known.get(v[0] ?? null, v[1] ?? null) !== null;
}
