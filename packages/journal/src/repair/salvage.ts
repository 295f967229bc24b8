/**
 * Takes rows from the pages of a damaged journal into a new one: those that match their checksum, and no others.
 *
 * Which table a row is of, its shape and its checksum say, so that neither SQLite's schema nor its trees need be whole.
 * Invariants: newest versions come first, and what is there already stays; a row that matches its checksum goes before one
 * that does not; whatever is not the newest version, or is lost, is noted.
 */
import type { JournalDatabase } from "../database.ts";
import { pageUse } from "./page_use.ts";
import type { JournalImage, PageVersion } from "./journal_image.ts";
import { type PageRow, type Value, named, rowsOf } from "./page_rows.ts";
import {
  DEADLINE,
  LETTER,
  MEMO,
  type Row,
  type RowKind,
  SIGNAL,
  STATE,
  SUBSCRIPTION,
} from "../audit/row_kinds.ts";
import { consumerSum } from "../row_sums.ts";
import { type ConsumerColumns, placeConsumers } from "./salvage_consumers.ts";
import { deliverySum } from "../schema.ts";
import { toVersion2 } from "./version_1_rows.ts";
import { parseAnchor } from "../deadlines/time_away.ts";

/** A row of which something can be said. */
export interface Noted {
  readonly nameOf: RowKind["nameOf"];
  readonly row: Row;
}

export interface Salvage {
  /** Numbers of the journal itself, the highest found of each. */
  readonly meta: Map<string, number | string>;
  /** Sequence numbers by id, from SQLite's indexes: they may name what is lost. */
  readonly ids: Map<number, string>;
  /** Rows that do not match their checksum, and cells that make no sense. */
  broken: number;
  /** Consumers that do not match their checksum, the newest version first. */
  readonly doubtful: ConsumerColumns[];
  /** Consumers of which that was kept, by name. */
  readonly mended: string[];
  /** Rows of which only an earlier version is left. */
  readonly earlier: Noted[];
  /** Rows whose newest version does not match its checksum. */
  readonly lost: Noted[];
  /** Deliveries of which the newest version does not match its checksum. */
  readonly lostDeliveries: { readonly cid: number; readonly seq: number }[];
  /** Pages that say nothing, with cells that make no sense, or with what reads like rows and nothing points to. */
  readonly doubts: DoubtfulPage[];
  /** Rows and pages of which nothing can be read, in words. */
  readonly unread: string[];
  /** Signals that retention took, by number: what older pages say of them was deleted. */
  readonly purged: Set<unknown>;
  /** Now only what stands on older pages is looked at. */
  older: boolean;
}

interface DoubtfulPage {
  readonly number: number;
  /** Not even of which table it is can be read. */
  readonly blank: boolean;
  /** Its rows that make no sense, or look like no other one there. */
  readonly unreadable: number;
  readonly strays: readonly PageRow[];
  /** What most of its rows look like; undefined: none can be read. */
  readonly shape: string | undefined;
}

/** Fills an empty journal. Runs in one transaction of the caller. */
export function salvage(image: JournalImage, into: JournalDatabase): Salvage {
  const found: Salvage = {
    meta: new Map(),
    ids: new Map(),
    broken: image.brokenFrames.length,
    doubtful: [],
    mended: [],
    earlier: [],
    lost: [],
    lostDeliveries: [],
    doubts: [],
    unread: [],
    purged: new Set(),
    older: false,
  };
  const { inTrees, free } = pageUse(image);
  for (const page of image.current())
    if (!free.has(page.number)) found.broken += takePage(image, page, into, found, inTrees.has(page.number));
  takeStrays(into, found);
  noteMissing(image, inTrees, found);
  found.older = true;
  for (const { seq } of into.prepare("SELECT seq FROM idmemo").all() as { seq: number }[])
    found.purged.add(seq);
  // In a journal without damage what only older pages have was deleted since.
  if (found.broken > 0) for (const page of image.older()) takePage(image, page, into, found);
  takeStrays(into, found);
  placeConsumers(into, found);
  // Purged, and found on a page that nobody could say was given back.
  into.prepare("DELETE FROM signal WHERE id IN (SELECT id FROM idmemo)").run();
  return found;
}

/** Pages of the journal that are not in its file, which was cut off. */
function noteMissing(image: JournalImage, inTrees: ReadonlySet<number>, found: Salvage): void {
  const missing = [...inTrees].filter((number) => image.isMissing(number)).toSorted((a, b) => a - b);
  found.broken += missing.length;
  for (const number of missing)
    found.unread.push(`page ${number} is missing: what stood on it is lost where nothing else is said`);
}

function takePage(
  image: JournalImage,
  { number, bytes }: PageVersion,
  into: JournalDatabase,
  found: Salvage,
  inTree = false,
): number {
  const read = rowsOf(bytes, number, image.page, inTree);
  const { broken, blank } = read;
  const [rows, strays] =
    image.version === 1 ? [read.rows.map(toVersion2), read.strays.map(toVersion2)] : [read.rows, read.strays];
  const shapes = rows.map(shapeOf);
  const shape = commonest(shapes);
  const odd = shapes.filter((one) => one !== shape || TAKERS[one] === undefined).length;
  const unreadable = blank ? 1 : broken + odd;
  if (unreadable + strays.length > 0) found.doubts.push({ number, blank, unreadable, strays, shape });
  return rows.reduce((count, row) => count + (takeRow(row, into, found) ? 0 : 1), blank ? 1 : broken);
}

/** After all others of the same age. A damaged pointer to a row is no loss: the row is there. */
function takeStrays(into: JournalDatabase, found: Salvage): void {
  for (const { number, blank, unreadable, strays, shape } of found.doubts.splice(0)) {
    const taken = strays.filter((row) => isTakenAnew(row, into, found));
    const known = shape !== undefined && TAKERS[shape] !== undefined;
    const missing = unreadable - taken.filter((row) => !known || shapeOf(row) === shape).length;
    const table = known ? UNNAMED[shape] : "that nothing tells";
    if (found.older || missing <= 0 || table === undefined) continue;
    found.unread.push(
      blank
        ? `page ${number} says nothing: what stood on it is lost where nothing else is said`
        : `${missing} rows on page ${number}, of a table ${table}, make no sense: they are lost where nothing else is said`,
    );
  }
}

/** False: it is no row, or is there already. */
function isTakenAnew(row: PageRow, into: JournalDatabase, found: Salvage): boolean {
  const count = into.prepare("SELECT total_changes() AS n");
  const { n } = count.get() as { n: number };
  takeRow(row, into, { ...found, lost: [], lostDeliveries: [], doubtful: [] });
  return (count.get() as { n: number }).n > n;
}

/** Tables of which nothing else tells that a row is missing, by shape. */
const UNNAMED: Readonly<Record<string, string>> = {
  "row 7": "of deadlines",
  "row 14": "of dead letters",
  "key 3": "of states",
  "key 5": "of remembered ids",
};

/** With a row id or without, and how many columns: which table it is of. */
function shapeOf({ rowid, values }: PageRow): string {
  return `${rowid === null ? "key" : "row"} ${values.length}`;
}

function commonest(texts: readonly string[]): string | undefined {
  const count = (text: string): number => texts.filter((one) => one === text).length;
  return [...new Set(texts)].toSorted((a, b) => count(b) - count(a))[0];
}

type Taker = (values: readonly Value[], into: JournalDatabase, found: Salvage) => boolean;

/** By shape; rows of tables with row ids have theirs in place of their first column. */
const TAKERS: Readonly<Record<string, Taker>> = {
  "row 5": () => true, // SQLite's schema
  "row 7": taker(DEADLINE),
  "row 10": takeSignal,
  "row 14": taker(LETTER),
  "row 15": takeConsumer,
  "key 2": takeMeta,
  // Of an index: all numbers.
  "key 3": (v, into, found) => typeof v[2] === "number" || taker(STATE)(v, into, found),
  "key 4": (v, into, found) =>
    typeof v[0] === "string" ? taker(SUBSCRIPTION)(v, into, found) : takeDamage(v, into),
  "key 5": taker(MEMO),
  "key 13": takeDelivery,
};

function takeRow(row: PageRow, into: JournalDatabase, found: Salvage): boolean {
  const { rowid, values } = row;
  try {
    return (
      TAKERS[shapeOf(row)]?.(rowid === null ? values : [rowid, ...values.slice(1)], into, found) ?? false
    );
  } catch {
    return false; // a column of a type that it cannot have
  }
}

/** What is there already stays. True: it was not. */
function insert(into: JournalDatabase, table: string, values: readonly Value[]): boolean {
  const marks = values.map(() => "?").join(",");
  return into.prepare(`INSERT OR IGNORE INTO ${table} VALUES(${marks})`).run(...values).changes === 1;
}

function taker({ table, columns, isIntact, nameOf }: RowKind): Taker {
  return (values, into, found) => {
    const row = named(columns, values);
    if (!isIntact(row)) {
      if (!found.older) found.lost.push({ nameOf, row });
      return false;
    }
    if (found.purged.has(row["request_seq"])) return true;
    if (insert(into, table, values) && found.older) found.earlier.push({ nameOf, row });
    return true;
  };
}

/** Never changed once it is written: an earlier version is as good, and a number that is missing is named. */
function takeSignal(v: readonly Value[], into: JournalDatabase, { purged }: Salvage): boolean {
  if (!SIGNAL.isIntact(named(SIGNAL.columns, v))) return false;
  if (!purged.has(v[0])) insert(into, "signal", v);
  return true;
}

const nameOfConsumer = (row: Row): string => `consumer ${String(row["name"])}`;

function takeConsumer(v: readonly Value[], into: JournalDatabase, found: Salvage): boolean {
  const [cid, name, definition, holder] = v;
  const row = { cid, name, definition, holder, removed_at: v[12], sum: v[13] } as unknown as ConsumerColumns;
  if (consumerSum(row) !== row.sum) {
    found.doubtful.push(row);
    return false;
  }
  if (insert(into, "consumer", v) && found.older)
    found.earlier.push({ nameOf: nameOfConsumer, row: { name } });
  return true;
}

const NUMBERS = new Set(["next_seq", "epoch", "clock", "commit", "forgotten_seq"]);
const TEXTS = /^(anchor|purged:\d+)$/;

/** Indexes have the same shape: of signals, an id and a number; of deadlines and remembered ids, a time and what it is of. */
function takeMeta([key, value]: readonly Value[], _into: JournalDatabase, { meta, ids }: Salvage): boolean {
  if (typeof key !== "string") return typeof key === "number";
  if (typeof value === "number" && NUMBERS.has(key)) {
    meta.set(key, Math.max(value, Number(meta.get(key) ?? 0)));
  } else if (typeof value === "number" && /^[0-9a-f-]{36}$/.test(key)) {
    if (!ids.has(value)) ids.set(value, key);
  } else if (typeof value === "string" && TEXTS.test(key) && !meta.has(key)) {
    if (key === "anchor" && parseAnchor(value) === undefined) return false;
    meta.set(key, value);
  }
  return true;
}

/** Of an index: no text. */
function takeDamage(v: readonly Value[], into: JournalDatabase): boolean {
  if (typeof v[2] === "string") insert(into, "damage", v);
  return true;
}

const DELIVERY = "cid seq state lane attempt strikes suspect due settled_at ckey plan error sum".split(" ");
const IS_INTACT = `SELECT sum = ${deliverySum({})} AS intact FROM (SELECT ${DELIVERY.map((name) => `? AS ${name}`).join(", ")})`;

/** To the arithmetic of the checksum an empty blob is 0, which it is not where it is compared. */
function hasDeliveryTypes(v: readonly Value[]): boolean {
  return v.every((value, at) => {
    const column = DELIVERY[at] ?? "";
    if (value === null) return /^(settled_at|ckey|plan|error)$/.test(column);
    return typeof value === (/^(ckey|plan|error)$/.test(column) ? "string" : "number");
  });
}

function isDeliveryIntact(v: readonly Value[], into: JournalDatabase): boolean {
  if (!hasDeliveryTypes(v)) return false;
  const { intact } = into.prepare(IS_INTACT).get(...v) as { intact: number };
  return intact === 1;
}

/** One that is lost is given again, by name. */
function takeDelivery(v: readonly Value[], into: JournalDatabase, found: Salvage): boolean {
  if (!isDeliveryIntact(v, into)) {
    const [cid, seq] = v;
    if (!found.older && typeof cid === "number" && typeof seq === "number")
      found.lostDeliveries.push({ cid, seq });
    return false;
  }
  if (found.purged.has(v[1])) return true;
  if (insert(into, "delivery", v) && found.older)
    found.earlier.push({
      nameOf: (row, who) => `the delivery of signal ${String(row["seq"])} to ${who(row["cid"])}`,
      row: named(DELIVERY, v),
    });
  return true;
}
