/**
 * The rows on one page of an SQLite file, read from its bytes: for a file that SQLite itself cannot read any more.
 *
 * The format is documented at sqlite.org/fileformat2.html. Invariant: never throws for what the bytes say; a cell that
 * makes no sense is counted, the others are given. Whether a row is what was written is for its checksum to say.
 */
export type Value = number | string | Uint8Array | null;

export interface PageRow {
  /** null: of a table without row ids, or of an index. */
  readonly rowid: number | null;
  readonly values: readonly Value[];
}

export interface PageRows {
  readonly rows: readonly PageRow[];
  /**
   * What else on the page reads like a row: a damaged header may keep it from being found. It may be none, or one that was
   * deleted, so one that does not match its checksum means nothing.
   */
  readonly strays: readonly PageRow[];
  /** Cells that made no sense. */
  readonly broken: number;
  /** It is a tree's, and says nothing of what stood on it. */
  readonly blank: boolean;
}

/** The columns by name; their types are as good as the checksum that is compared next. */
export function named(columns: readonly string[], values: readonly Value[]): Readonly<Record<string, Value>> {
  return Object.fromEntries(columns.map((name, at) => [name, values[at] ?? null]));
}

/** The content of a page by its number; undefined: there is none. */
export type PageSource = (page: number) => Uint8Array | undefined;

const TABLE_LEAF = 0x0d;
/** Says where rows are, and has none. */
export const TABLE_INNER = 0x05;
const INDEX_LEAF = 0x0a;
export const INDEX_INNER = 0x02;
/** Page 1 begins with the header of the file, bytes. */
export const FILE_HEADER_BYTES = 100;
/** No row of a journal is larger; a length beyond it is damage, bytes. */
const PAYLOAD_BYTES_MAX = 64 * 1024 * 1024;

class Broken extends Error {}

const NONE: PageRows = { rows: [], strays: [], broken: 0, blank: false };
const KINDS = [TABLE_LEAF, INDEX_LEAF, INDEX_INNER];

/** `inTree`: it is known to be a tree's, whatever its first byte says. */
export function rowsOf(page: Uint8Array, number: number, pages: PageSource, inTree = false): PageRows {
  const at = number === 1 ? FILE_HEADER_BYTES : 0;
  const kind = page[at] ?? 0;
  // The rest of a long row begins with a page number.
  if (kind === 0 && !inTree) return NONE;
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const own = KINDS.includes(kind) ? readPage({ page, view, kind, pages }, at) : NONE;
  if (own.broken === 0 && own.rows.length > 0) return own;
  // Its kind may be what is damaged.
  const others = KINDS.filter((other) => other !== kind).flatMap((other) => {
    const { rows, strays } = readPage({ page, view, kind: other, pages }, at);
    return [...rows, ...strays];
  });
  const blank = inTree && own.rows.length + own.broken === 0 && !isEmpty(view, kind, at);
  return { ...own, strays: [...own.strays, ...others], blank };
}

/** It has no rows, and says so. */
function isEmpty(view: DataView, kind: number, at: number): boolean {
  return kind === TABLE_INNER || (KINDS.includes(kind) && view.getUint16(at + 5) === view.byteLength);
}

function readPage(cells: Cells, at: number): PageRows {
  const { page, view, kind } = cells;
  const pointers = at + (kind === INDEX_INNER ? 12 : 8);
  const rows: PageRow[] = [];
  const ends = new Map<number, number>();
  let broken = 0;
  for (let cell = 0, count = view.getUint16(at + 3); cell < count; cell++) {
    const pointer = pointers + 2 * cell;
    if (pointer + 2 > page.length) {
      broken += 1;
      break;
    }
    const offset = view.getUint16(pointer);
    const found = readCell(cells, offset);
    if (found === undefined) broken += 1;
    else {
      rows.push(found.row);
      ends.set(offset, found.end);
    }
  }
  return { ...NONE, rows, strays: straysOf(cells, view.getUint16(at + 5), ends), broken };
}

/** Cells lie behind one another, from the start of the content to the end of the page. `ends`: of those that are known. */
function straysOf(cells: Cells, start: number, ends: ReadonlyMap<number, number>): PageRow[] {
  const strays: PageRow[] = [];
  const known = [...ends.keys()].toSorted((a, b) => a - b);
  for (let at = start; at < cells.page.length;) {
    const end = ends.get(at);
    const stray = end === undefined ? readCell(cells, at) : undefined;
    if (stray !== undefined) strays.push(stray.row);
    at = end ?? stray?.end ?? known.find((offset) => offset > at) ?? cells.page.length;
  }
  return strays;
}

interface Cells {
  readonly page: Uint8Array;
  readonly view: DataView;
  readonly kind: number;
  readonly pages: PageSource;
}

interface Cell {
  readonly row: PageRow;
  /** Where the next one may begin. */
  readonly end: number;
}

/** A cell takes at least so many, bytes. */
const CELL_BYTES_MIN = 4;

function readCell(cells: Cells, offset: number): Cell | undefined {
  try {
    return parseCell(cells, offset);
  } catch (error) {
    if (error instanceof Broken || error instanceof RangeError) return undefined;
    throw error;
  }
}

function parseCell({ page, view, kind, pages }: Cells, offset: number): Cell {
  const [length, afterLength] = varint(page, kind === INDEX_INNER ? offset + 4 : offset);
  const [rowid, start] = kind === TABLE_LEAF ? varint(page, afterLength) : [null, afterLength];
  if (length > PAYLOAD_BYTES_MAX) throw new Broken();
  const local = localBytes(length, page.length, kind === TABLE_LEAF);
  if (start + local > page.length) throw new Broken();
  // Asked before room is made for a length that is damaged.
  if (local < length && pages(view.getUint32(start + local)) === undefined) throw new Broken();
  const payload = new Uint8Array(length);
  payload.set(page.subarray(start, start + local));
  if (local < length) fillFrom(pages, view.getUint32(start + local), payload, local);
  const end = Math.max(offset + CELL_BYTES_MIN, start + local + (local < length ? 4 : 0));
  return { row: { rowid, values: readRecord(payload) }, end };
}

/** How much of a payload stands on the page itself; the rest is on overflow pages. */
function localBytes(length: number, pageBytes: number, table: boolean): number {
  const most = table ? pageBytes - 35 : Math.floor(((pageBytes - 12) * 64) / 255) - 23;
  if (length <= most) return length;
  const least = Math.floor(((pageBytes - 12) * 32) / 255) - 23;
  const fitting = least + ((length - least) % (pageBytes - 4));
  return fitting <= most ? fitting : least;
}

function fillFrom(pages: PageSource, first: number, payload: Uint8Array, from: number): void {
  let number = first;
  for (let at = from; at < payload.length;) {
    const page = pages(number);
    if (page === undefined) throw new Broken();
    const piece = page.subarray(4, 4 + Math.min(page.length - 4, payload.length - at));
    payload.set(piece, at);
    at += piece.length;
    number = new DataView(page.buffer, page.byteOffset, 4).getUint32(0);
  }
}

/** A byte order mark is part of a text, too. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function readRecord(payload: Uint8Array): Value[] {
  const view = new DataView(payload.buffer);
  const [headerBytes, first] = varint(payload, 0);
  const values: Value[] = [];
  let body = headerBytes;
  for (let at = first; at < headerBytes;) {
    const [type, next] = varint(payload, at);
    at = next;
    const bytes = bytesOfType(type);
    if (body + bytes > payload.length) throw new Broken();
    values.push(readValue({ payload, view }, type, body, bytes));
    body += bytes;
  }
  return values;
}

/** By serial type; from 12 on blobs and texts of any length. */
const BYTES_OF_TYPE = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];

function bytesOfType(type: number): number {
  if (type >= 12) return Math.floor((type - 12) / 2);
  const bytes = BYTES_OF_TYPE[type];
  if (bytes === undefined) throw new Broken();
  return bytes;
}

function readValue(
  { payload, view }: { readonly payload: Uint8Array; readonly view: DataView },
  type: number,
  at: number,
  bytes: number,
): Value {
  if (type === 0) return null;
  if (type === 8 || type === 9) return type - 8;
  if (type === 7) return view.getFloat64(at);
  if (type >= 12) {
    const piece = payload.subarray(at, at + bytes);
    return type % 2 === 0 ? piece : decoder.decode(piece);
  }
  let value = view.getInt8(at);
  for (let i = 1; i < bytes; i++) value = value * 256 + view.getUint8(at + i);
  return value;
}

/** Value and the offset behind it. Numbers beyond 2^53 are none of a journal's. */
function varint(bytes: Uint8Array, at: number): [number, number] {
  let value = 0;
  for (let i = 0; i < 9; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) throw new Broken();
    if (i === 8) return [value * 256 + byte, at + 9];
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return [value, at + i + 1];
  }
  throw new Broken();
}
