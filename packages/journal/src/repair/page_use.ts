/**
 * Which pages SQLite's trees are made of, and which it has given back: what stands on those was deleted.
 *
 * The list of them is as damaged as anything else. Invariant: a page that a tree points to is none of them, whatever the
 * list says; one that is missing from the list only brings back what was deleted.
 */
import { type JournalImage, u32 } from "./journal_image.ts";
import { FILE_HEADER_BYTES, INDEX_INNER, TABLE_INNER, rowsOf } from "./page_rows.ts";

const PAGES_MAX = 1_000_000;
/** In the header of the file. */
const FIRST_TRUNK_AT = 32;
const SCHEMA_COLUMNS = 5;
/** Where a frame of the log does not say which page it is of. */
const NO_PAGE = 0;

export interface PageUse {
  /** Pages of trees, whether they are there or not. Not those on which long rows go on. */
  readonly inTrees: ReadonlySet<number>;
  readonly free: ReadonlySet<number>;
}

export function pageUse(image: JournalImage): PageUse {
  const listed = freeList(image);
  const inTrees = pointedTo(image, listed);
  return { inTrees, free: listed.difference(inTrees) };
}

/** As far as it can be followed. */
function freeList(image: JournalImage): ReadonlySet<number> {
  const free = new Set<number>();
  const first = image.page(1);
  let trunk = first === undefined ? 0 : u32(first, FIRST_TRUNK_AT);
  while (trunk > 0 && trunk <= image.pageCount && !free.has(trunk) && free.size < PAGES_MAX) {
    free.add(trunk);
    const page = image.page(trunk);
    if (page === undefined) break;
    const leaves = Math.min(u32(page, 4), page.length / 4 - 2);
    for (let leaf = 0; leaf < leaves; leaf++) free.add(u32(page, 8 + 4 * leaf));
    free.delete(NO_PAGE);
    trunk = u32(page, 0);
  }
  return free;
}

/** By the inner pages of trees, and by the schema: the roots. What a page that is listed points to counts once that page is pointed to. */
function pointedTo(image: JournalImage, listed: ReadonlySet<number>): ReadonlySet<number> {
  const found = new Set<number>();
  const add = (number: number): void => {
    const isNew = !found.has(number);
    found.add(number);
    if (isNew && listed.has(number)) childrenAt(image, number).forEach(add);
  };
  for (let number = 1; number <= image.pageCount; number++)
    if (!listed.has(number)) childrenAt(image, number).forEach(add);
  for (const number of [1, ...childrenAt(image, 1)]) rootsOn(image, number).forEach(add);
  add(1);
  return found;
}

function childrenAt(image: JournalImage, number: number): number[] {
  const page = image.page(number);
  return page === undefined ? [] : childrenOf(page, number);
}

function childrenOf(page: Uint8Array, number: number): number[] {
  const at = number === 1 ? FILE_HEADER_BYTES : 0;
  if (page[at] !== INDEX_INNER && page[at] !== TABLE_INNER) return [];
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const pointers = Array.from({ length: view.getUint16(at + 3) }, (_, cell) => at + 12 + 2 * cell);
  const cells = pointers
    .filter((pointer) => pointer + 2 <= page.length)
    .map((pointer) => view.getUint16(pointer));
  return [at + 8, ...cells]
    .filter((offset) => offset + 4 <= page.length)
    .map((offset) => view.getUint32(offset));
}

function rootsOn(image: JournalImage, number: number): number[] {
  const page = image.page(number);
  if (page === undefined) return [];
  return rowsOf(page, number, image.page).rows.flatMap(({ rowid, values }) => {
    const root = values[3];
    return rowid !== null && values.length === SCHEMA_COLUMNS && typeof root === "number" ? [root] : [];
  });
}
